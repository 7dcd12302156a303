// The programs of examples/, which these tests use from outside, as a client does. EXAMPLES names the folder with the programs.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { end, run, start } from './children.mjs';
import { within } from './fleet.mjs';
import { official, packageFolder } from './packages.mjs';

const folder = process.env.EXAMPLES;
const browserPath = '/usr/bin/chromium';
const sources = fileURLToPath(new URL('../../examples/', import.meta.url));

/** Client libraries that connect to the examples: "newest" is socket.io-client 4, "oldest" socket.io-client 3. */
export const clientPackages = { newest: 'socket.io-client', oldest: 'socket.io-client-3' };

/** Starts an example on a free port. `stop()` sends SIGTERM, and checks that it ends in order. */
export async function startExample(name, args = []) {
  const child = start(path.join(folder, name), ['--port', '0', ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout });
  const failed = child.exited.then((status) => { throw new Error(`${name} ended with ${status}`); });
  failed.catch(() => {});
  const [line] = await within(Promise.race([once(lines, 'line'), failed]), () => `${name} did not start`);
  assert.match(line, /listening on \d+$/);
  return {
    url: `http://127.0.0.1:${line.match(/\d+$/)[0]}`,
    async stop() {
      await end(child);
      assert.equal(await child.exited, 0);
    },
  };
}

export const runExample = (name, args) => run(path.join(folder, name), args);

/** The arguments with which an example serves its page. */
export const withPage = (name) => ['--page', path.join(sources, name), '--client', path.join(packageFolder, 'socket.io-client/dist')];

/**
 * Connects a client, whose `got` has every event that came, each with its arguments. `ask()` emits, and returns the values of the
 * answer; `next(event)` waits for the next one of that name that was not waited for yet.
 */
export async function connect(url, { auth, library = 'newest', ...options } = {}) {
  const { io } = official(clientPackages[library]);
  const client = io(url, { auth, forceNew: true, transports: ['websocket'], ...options });
  client.got = [];
  const waiting = [];
  const look = () => {
    for (const wait of [...waiting]) {
      const index = client.got.findIndex((entry) => entry.event === wait.event && !entry.taken);
      if (index < 0) continue;
      client.got[index].taken = true;
      waiting.splice(waiting.indexOf(wait), 1);
      wait.resolve(client.got[index].args);
    }
  };
  client.onAny((event, ...args) => {
    client.got.push({ event, args });
    look();
  });
  client.next = (event) => within(new Promise((resolve) => {
    waiting.push({ event, resolve });
    look();
  }), () => `${event} did not come, but ${JSON.stringify(client.got)}`);
  client.ask = (...event) => within(new Promise((resolve) => client.emit(...event, (...answer) => resolve(answer))),
    () => `no answer to ${event[0]}`);
  client.events = (...names) => client.got.filter(({ event }) => names.includes(event)).map(({ event, args }) => [event, ...args]);
  await within(new Promise((resolve, reject) => {
    client.once('connect', resolve);
    client.once('connect_error', reject);
  }), () => 'no connection');
  return client;
}

/** The reason why a client is refused. */
export async function refused(url, auth) {
  try {
    (await connect(url, { auth, reconnection: false })).disconnect();
  } catch (error) {
    return error.message;
  }
  return null;
}

/** Two servers of one example that form a fleet; `ready` resolves once each reaches the other. */
export const startFleet = (name, redis, adapter) =>
  Promise.all([1, 2].map(() => startExample(name, ['--redis', redis.url, '--adapter', adapter])));

/** A browser, or nothing where there is none. */
export async function launchBrowser() {
  if (!existsSync(browserPath)) {
    console.log(`left out: the pages, because there is no ${browserPath}; run "./run setup", or install the package chromium`);
    return undefined;
  }
  return official('playwright-core').chromium.launch({ executablePath: browserPath, args: ['--headless', '--no-sandbox', '--disable-gpu',
    '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
    '--disable-features=WebRtcHideLocalIpsWithMdns'] });
}

/** A page whose `problems` are the errors of its scripts. */
export async function open(browser, url) {
  const context = await browser.newContext({ viewport: { width: 900, height: 600 } });
  context.setDefaultTimeout(20_000);
  const page = await context.newPage();
  page.problems = [];
  page.on('pageerror', (error) => page.problems.push(error.message));
  page.on('console', (message) => { if (message.type() === 'error') page.problems.push(message.text()); });
  await page.goto(url);
  return page;
}

/** Keeps a screenshot where EXAMPLE_SCREENSHOTS names a folder. */
export const screenshot = async (page, name) => {
  const kept = process.env.EXAMPLE_SCREENSHOTS;
  if (kept) await page.screenshot({ path: path.join(kept, `${name}.png`) });
};
