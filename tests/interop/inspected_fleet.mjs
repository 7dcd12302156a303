// A fleet of official servers on a Redis of its own, with as few clients as a test wants, for a tool that looks at it.

import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { end, start } from './children.mjs';
import { startRedis, within } from './fleet.mjs';
import { official } from './packages.mjs';

const { createClient } = official('redis');
const { io } = official('socket.io-client');
const script = fileURLToPath(new URL('official_server.mjs', import.meta.url));
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Looks again and again until `look()` is true; fails with `what`, a text or what makes one. */
export async function until(look, what) {
  let over = false;
  const looking = (async () => {
    while (!over && !await look()) await pause(5);
  })();
  await within(looking, typeof what === 'function' ? what : () => what, 20_000).finally(() => { over = true; });
}

class OfficialServer {
  #number = 0;
  #waiting = new Map();

  clients = [];

  constructor(setup) {
    this.setup = setup;
    this.child = start(process.execPath, [script, JSON.stringify(setup)],
      { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.child.on('message', ({ number, result, error }) => {
      const waiting = this.#waiting.get(number);
      this.#waiting.delete(number);
      if (error !== undefined) waiting?.reject(new Error(error));
      else waiting?.resolve(result);
    });
  }

  /** A real client, when it has joined its rooms. */
  async client({ nsp = '/', ...auth } = {}) {
    const socket = io(this.url + nsp, { auth, transports: ['websocket'], forceNew: true, reconnection: false });
    this.clients.push(socket);
    await within(once(socket, 'here'), () => 'a client could not connect', 20_000);
    return socket;
  }

  op(op, details = {}) {
    const number = ++this.#number;
    const answer = new Promise((resolve, reject) => this.#waiting.set(number, { resolve, reject }));
    this.child.send({ number, op, ...details });
    return within(answer, () => `no answer: ${op}`, 20_000);
  }

  signal(name) {
    this.child.kill(name);
  }

  async close() {
    for (const client of this.clients) client.disconnect();
    this.child.kill('SIGCONT');
    await end(this.child);
  }
}

/** The channel on which servers count each other. */
export function countedChannel(transport, nsp = '/', key = 'socket.io') {
  return transport === 'classic' || transport === 'socket.io-redis 6' ? `${key}-request#${nsp}#` : `${key}#${nsp}#`;
}

export class InspectedFleet {
  servers = [];

  static async start(redisOptions = []) {
    const fleet = new InspectedFleet();
    fleet.redis = await startRedis(redisOptions);
    fleet.url = fleet.redis.url;
    fleet.client = createClient({ url: fleet.url });
    fleet.client.on('error', () => {});
    await fleet.client.connect();
    return fleet;
  }

  command(...words) {
    return this.client.sendCommand(words);
  }

  async count(transport, nsp) {
    const [, count] = await this.command('PUBSUB', transport === 'sharded' ? 'SHARDNUMSUB' : 'NUMSUB',
      countedChannel(transport, nsp));
    return count;
  }

  /** A server that need not hear anything here: it has other rights, or another Redis. */
  async addUnheard({ transport, namespaces = ['/'], ...setup }) {
    const server = new OfficialServer({ redisUrl: this.url, transport, namespaces, options: {}, ...setup });
    this.servers.push(server);
    const [{ port }] = await within(once(server.child, 'message'), () => 'the server did not start', 20_000);
    server.url = `http://127.0.0.1:${port}`;
    return server;
  }

  /** `{ transport, namespaces, options, redisUrl, pubUrl }`; resolves when its subscriptions are in force. */
  async add({ transport, namespaces = ['/'], ...setup }) {
    const before = await this.count(transport, namespaces.at(-1));
    const readers = await this.readers();
    const server = await this.addUnheard({ transport, namespaces, ...setup });
    await until(async () => await this.count(transport, namespaces.at(-1)) > before, 'the server did not subscribe');
    if (transport === 'streams') {
      await until(async () => await this.readers() >= readers + (setup.options?.streamCount ?? 1), 'no stream is read');
    }
    return server;
  }

  /** Connections that wait in XREAD. */
  async readers() {
    return (await this.command('CLIENT', 'LIST')).split('\n').filter((line) => line.includes(' cmd=xread ')).length;
  }

  /** What a tool must leave as it was. */
  async state() {
    const sorted = async (...words) => (await this.command(...words)).sort();
    const channels = await sorted('PUBSUB', 'CHANNELS', '*');
    const shards = await sorted('PUBSUB', 'SHARDCHANNELS', '*');
    return {
      channels, shards,
      counts: channels.length > 0 ? await this.command('PUBSUB', 'NUMSUB', ...channels) : [],
      shardCounts: shards.length > 0 ? await this.command('PUBSUB', 'SHARDNUMSUB', ...shards) : [],
      patterns: await this.command('PUBSUB', 'NUMPAT'),
      keys: await sorted('KEYS', '*'),
      connections: (await this.command('CLIENT', 'LIST')).trimEnd().split('\n').length,
    };
  }

  /** Waits until nothing is left of what changed since `before`. */
  async untilState(before) {
    let now;
    await until(async () => isDeepStrictEqual(now = await this.state(), before),
      () => `a trace: ${JSON.stringify(now)} after ${JSON.stringify(before)}`);
  }

  async removeServers() {
    await Promise.all(this.servers.splice(0).map((server) => server.close()));
    await this.command('FLUSHALL');
  }

  async close() {
    await Promise.all(this.servers.map((server) => server.close()));
    this.client?.destroy();
    await this.redis?.close();
  }
}

/** A running socketio-fleet tap. */
export class Tap {
  lines = [];
  raw = '';
  stderr = '';
  #news = () => {};

  static async start(fleet, args = [], { paused = false } = {}) {
    const tap = new Tap();
    tap.child = start(process.env.SOCKETIO_FLEET, ['tap', '--output', 'json', '--redis', fleet.url, ...args],
      { env: { PATH: process.env.PATH }, stdio: ['ignore', 'pipe', 'pipe'] });
    let rest = '';
    tap.child.stdout.setEncoding('utf8');
    const read = (text) => {
      tap.raw += text;
      const parts = (rest + text).split('\n');
      rest = parts.pop();
      for (const part of parts) tap.lines.push(JSON.parse(part));
      tap.#news();
    };
    tap.readOutput = () => tap.child.stdout.on('data', read);
    if (!paused) tap.readOutput();
    tap.child.stderr.setEncoding('utf8').on('data', (text) => {
      tap.stderr += text;
      tap.#news();
    });
    tap.child.exited.then(() => tap.#news());
    await tap.#wait(() => tap.stderr.includes('Listening: '), 'the tap does not listen');
    return tap;
  }

  async #wait(condition, what) {
    const holds = new Promise((resolve) => {
      this.#news = () => { if (condition()) resolve(); };
      this.#news();
    });
    await within(holds, () => `${what}: ${this.stderr}`, 20_000);
  }

  /** Waits until a line of that kind has come, and returns the first. */
  async see(wanted, what = 'the tap did not show it') {
    await this.#wait(() => this.lines.some(wanted), what);
    return this.lines.find(wanted);
  }

  get summary() {
    return this.lines.find(({ kind }) => kind === 'summary');
  }

  async end(signal = 'SIGINT') {
    this.child.kill(signal);
    return await within(this.child.exited, () => 'the tap did not end', 20_000);
  }
}
