// The chat example as people see it: two browser pages, and a third client that would notice what is not meant for it.
// CHAT_SERVER names the server. CHAT_SCREENSHOTS names a folder that keeps the screenshots.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { end, start } from './children.mjs';
import { official, packageFolder } from './packages.mjs';

const { chromium } = official('playwright-core');
const { io } = official('socket.io-client');
const browserPath = '/usr/bin/chromium';
if (!existsSync(browserPath)) {
  console.log(`skipped: there is no ${browserPath}; run "./run setup", or install the package chromium`);
  process.exit(77);
}

const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync'];
const here = path.dirname(fileURLToPath(import.meta.url));
const kept = process.env.CHAT_SCREENSHOTS;
const folder = kept ?? mkdtempSync(path.join(tmpdir(), 'socketio-chat-'));
const waitMs = 20_000;

let server, url, browser, ada, ben, cleo;
const heard = [];  // everything that Cleo gets

async function startServer(port) {
  const args = ['--port', port, '--page', path.join(here, '../../examples/chat'),
    '--client', path.join(packageFolder, 'socket.io-client/dist')];
  server = start(process.env.CHAT_SERVER, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await once(createInterface({ input: server.stdout }), 'line');
  return line.match(/http:\S+/)[0].replace('localhost', '127.0.0.1');  // with "localhost" clients do not care whether they are offline
}

/** A person with a browser of her own, at the door. */
async function arrive(options) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  context.setDefaultTimeout(waitMs);
  const page = await context.newPage();
  page.problems = [];
  page.on('pageerror', (error) => page.problems.push(error.message));
  page.requests = [];
  page.on('request', (request) => page.requests.push(request.url()));
  await page.goto(url);
  return page;
}

async function enter(page, nickname) {
  await page.getByLabel('Your nickname').fill(nickname);
  await page.getByRole('button', { name: 'Enter the chat' }).click();
}

async function say(page, text) {
  await page.getByLabel('Message', { exact: true }).fill(text);
  await page.getByRole('button', { name: 'Send' }).click();
}

/** What Cleo is answered: [error or null, ...results]. */
const ask = (...event) => new Promise((resolve) => cleo.emit(...event, (...answer) => resolve(answer)));

const texts = (page) => page.locator('#messages .text').allTextContents();
const sees = (page, locator, text) => page.locator(locator).filter({ hasText: text }).first().waitFor();
const tab = (page, name) => page.getByRole('navigation').getByRole('listitem').filter({ hasText: name }).getByRole('button');
const isLive = (page) => page.locator('#connection[data-state=live]').filter({ hasText: 'websocket' }).waitFor();

async function join(page, room) {
  await page.getByLabel('Name of a room').fill(room);
  await page.getByRole('button', { name: 'Join the room' }).click();
  await sees(page, '#title', `#${room}`);
}

/** Waits until a page shows exactly these messages, each once, and in this order. */
async function shows(page, expected) {
  await page.waitForFunction((count) => document.querySelectorAll('#messages .text').length >= count, expected.length);
  assert.deepEqual(await texts(page), expected);
}

const screenshot = (page, name) => page.screenshot({ path: path.join(folder, `${name}.png`) });

before(async () => {
  url = await startServer('0');
  browser = await chromium.launch({ executablePath: browserPath, args: flags });
  [ada, ben] = await Promise.all([arrive(), arrive()]);
  cleo = io(url, { auth: { nickname: 'Cleo', key: 'cleo' } });
  cleo.onAny((...event) => heard.push(event));
  await ask('join', 'lobby');
});

after(async () => {
  cleo?.disconnect();
  await browser?.close();
  if (server) await end(server);
  if (!kept) rmSync(folder, { recursive: true, force: true });
});

test('a nickname that is invalid or taken is refused, and the reason shown', async () => {
  await screenshot(ada, 'door');
  await enter(ada, 'not a name');
  await sees(ada, '#sign-in-problem', 'Up to 20 letters, digits, - and _, please.');
  await enter(ada, 'cLeo');
  await sees(ada, '#sign-in-problem', 'Somebody is called Cleo already.');
  await screenshot(ada, 'refused');
  await enter(ada, 'Ada');
  await isLive(ada);
  await enter(ben, 'Ada');
  await sees(ben, '#sign-in-problem', 'Somebody is called Ada already.');
  await enter(ben, 'Ben');
  await isLive(ben);
});

test('the connection began with polling and was upgraded', () => {
  for (const page of [ada, ben]) assert.ok(page.requests.some((request) => request.includes('transport=polling')));
  // isLive() has seen the name of the transport after it
});

test('who is in the room is shown to everybody in it', async () => {
  for (const page of [ada, ben]) {
    await sees(page, '#subtitle', '3 people');
    assert.deepEqual(await page.locator('#people .name').allTextContents(), ['Ada', 'Ben', 'Cleo']);
  }
  await sees(ada, '.notice', 'Ben has joined');
});

test('messages of both appear in the same order on both', async () => {
  const expected = [];
  for (let round = 0; round < 3; round++) {
    for (const [page, name] of [[ada, 'Ada'], [ben, 'Ben']]) {
      expected.push(`${name} says ${round}`);
      await say(page, expected.at(-1));
      await Promise.all([shows(ada, expected), shows(ben, expected)]);
    }
  }
  assert.equal(await ada.locator('.mine').count(), 3);
});

test('what looks like HTML is shown as it was typed', async () => {
  const text = '<img src=x onerror="document.title=1"> & <b>bold</b>';
  await say(ada, text);
  await sees(ben, '.text', text);
  assert.equal(await ben.locator('#messages img, #messages b').count(), 0);
});

test('a message reaches those in its room; others are not even told', async () => {
  await join(ada, 'tea');
  await join(ben, 'tea');
  await sees(ada, '#subtitle', '2 people');
  await tab(ada, 'lobby').click();
  await say(ben, 'Is anybody here?');
  await tab(ada, 'tea').getByText('1', { exact: true }).waitFor();
  await tab(ada, 'tea').click();
  await shows(ada, ['Is anybody here?']);
  assert.equal(await tab(ada, 'tea').getByText('1', { exact: true }).count(), 0);
  assert.deepEqual(heard.filter(([, room]) => room === 'tea'), []);
});

test('who joins gets the latest messages of the room', async () => {
  const [error, messages, people] = await ask('join', 'tea');
  assert.deepEqual([error, messages.map(({ from, text }) => [from, text]), people], [null, [['Ben', 'Is anybody here?']], ['Ada', 'Ben', 'Cleo']]);
  await sees(ada, '.notice', 'Cleo has joined');
  cleo.emit('leave', 'tea');
  await sees(ada, '.notice', 'Cleo has left');
  assert.deepEqual(await ada.locator('#people .name').allTextContents(), ['Ada', 'Ben']);
});

test('typing is shown to the others while it lasts', async () => {
  await ada.getByLabel('Message', { exact: true }).pressSequentially('Yes');
  await sees(ben, '#typing', 'Ada is typing');
  await screenshot(ben, 'typing');
  await ada.getByRole('button', { name: 'Send' }).click();
  await sees(ben, '.text', 'Yes');
  await ben.locator('#typing:empty').waitFor({ state: 'attached' });
});

test('a private message is for its receiver only', async () => {
  const before = heard.length;
  await ada.getByRole('button', { name: 'Ben' }).click();
  await say(ada, 'Between you and me');
  await tab(ben, 'Ada').click();
  await shows(ben, ['Between you and me']);
  await say(ben, 'Of course');
  for (const page of [ada, ben]) await shows(page, ['Between you and me', 'Of course']);
  await tab(ada, 'tea').click();
  await tab(ben, 'tea').click();
  await say(ada, 'Back in the room');
  for (const page of [ada, ben]) await shows(page, ['Is anybody here?', 'Yes', 'Back in the room']);
  assert.deepEqual(await ask('whisper', 'nobody', 'hello'), ['nobody is not here.']);
  assert.deepEqual(heard.slice(before), []);
});

test('the connection is lost and recovered: what was missed is shown once', async () => {
  await tab(ada, 'lobby').click();
  await tab(ben, 'lobby').click();
  const earlier = await texts(ada);
  await ben.context().setOffline(true);
  await sees(ben, '#status', 'Connection lost');
  await sees(ada, '.notice', 'Ben has left');
  await screenshot(ben, 'lost');
  const missed = ['Missed 1', 'Missed 2', 'Missed 3'];
  for (const text of missed) await say(ada, text);
  await shows(ada, [...earlier, ...missed]);
  await ben.context().setOffline(false);
  await sees(ben, '#status', 'You have missed nothing.');
  await shows(ben, [...earlier, ...missed]);
  await say(ben, 'I am back');
  for (const page of [ada, ben]) await shows(page, [...earlier, ...missed, 'I am back']);
  await sees(ada, '#subtitle', '3 people');
  await isLive(ben);
});

test('the server ends in order and comes back: everybody is in their rooms again, with each message once', async () => {
  const earlier = await texts(ada);
  await end(server);
  assert.equal(await server.exited, 0);
  for (const page of [ada, ben]) await sees(page, '#status', 'Connection lost');
  assert.equal(await startServer(new URL(url).port), url);
  await Promise.all([isLive(ada), isLive(ben)]);
  await sees(ada, '#subtitle', /^[23] people/);
  await sees(ben, '#subtitle', /^[23] people/);
  await say(ada, 'After the restart');
  await say(ben, 'Indeed');
  for (const page of [ada, ben]) await shows(page, [...earlier, 'After the restart', 'Indeed']);
});

test('a page that is loaded anew comes in as before, and gets the history', async () => {
  await ben.reload();
  await isLive(ben);
  await shows(ben, ['After the restart', 'Indeed']);
});

test('whoever has the key of a nickname takes its place from a connection that may be dead', async () => {
  const { nickname, key } = await ben.evaluate(() => JSON.parse(sessionStorage.getItem('me')));
  const other = io(url, { auth: { nickname, key }, forceNew: true });
  await once(other, 'connect');
  await sees(ben, '#sign-in-problem', 'You have come in from somewhere else.');
  other.disconnect();
});

test('it fits a phone and the dark, and no script has failed', async () => {
  const talk = [['Ada', 'Good morning! Did the new build go through?'], ['Ben', 'It did, all green.'],
    ['Ben', 'Even on the slow machine, with everything switched on.'], ['Ada', 'Lovely. Then let us ship it this afternoon.'], ['Ada', 'Coffee first?'],
    ['Cleo', 'Always coffee first.'], ['Ben', 'I will be there in ten minutes, just finishing a paragraph about what happens to those whose train goes through a tunnel.']];
  await ask('join', 'release');
  const speakers = { Ada: ada, Ben: await arrive(), Cleo: cleo };
  await enter(speakers.Ben, 'Ben');
  for (const page of [ada, speakers.Ben]) await join(page, 'release');
  const sent = [];
  for (const [name, text] of talk) {
    if (name === 'Cleo') await ask('say', 'release', text);
    else await say(speakers[name], text);
    sent.push(text);
    await shows(ada, sent);
  }
  await ask('whisper', 'Ada', 'Psst: cake at four.');
  await ask('say', 'lobby', 'Who has the key for the bike shed?');
  await ada.locator('#status').waitFor({ state: 'hidden' });
  cleo.emit('typing', 'release');
  await sees(ada, '#typing', 'Cleo is typing');
  for (const colorScheme of ['light', 'dark']) {
    for (const [name, viewport] of Object.entries({ desktop: { width: 1100, height: 660 }, phone: { width: 390, height: 780 } })) {
      await ada.emulateMedia({ colorScheme });
      await ada.setViewportSize(viewport);
      assert.equal(await ada.evaluate(() => document.documentElement.scrollWidth > innerWidth), false, 'it scrolls sideways');
      await screenshot(ada, `${name}-${colorScheme}`);
    }
  }
  for (const page of [ada, ben, speakers.Ben]) assert.deepEqual(page.problems, []);
});
