// Fleets of official servers on each transport, with real clients: two servers, and who is where in `people`.
//
// Nothing here waits by the clock. Redis tells who is subscribed, and a marker that was emitted later tells what has arrived.

import { once } from 'node:events';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { end, run, start } from './children.mjs';
import { official } from './packages.mjs';

const { Server } = official('socket.io');
const { Manager } = official('socket.io-client');
const { createAdapter, createShardedAdapter } = official('@socket.io/redis-adapter');
const { createAdapter: createStreamsAdapter } = official('@socket.io/redis-streams-adapter');
const { createClient } = official('redis');
const MARKER = 'settled';
const DEADLINE_MS = 20_000;

/** Looks again and again, with a turn of the event loop in between, until `holds()` is truthy. */
export async function eventually(holds, describe) {
  const deadline = Date.now() + DEADLINE_MS;
  for (;;) {
    const value = await holds();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`${describe()} (waited ${DEADLINE_MS} ms)`);
    await new Promise(setImmediate);
  }
}

export const people = {
  ada: { server: 0, rooms: ['kitchen'], data: { seat: 1 } },
  ben: { server: 1, rooms: ['kitchen', 'office'], data: { seat: 2 } },
  cleo: { server: 0, rooms: ['office'], data: {} },
  dora: { server: 1, nsp: '/admin', rooms: ['kitchen'], data: {} },
};

/** What each kind of fleet is made of, and how our programs are told of it. */
export const kinds = {
  classic: { tool: ['--transport', 'classic'], driver: { transport: 'classic' }, channel: 'socket.io-request#/#' },
  sharded: { tool: ['--transport', 'sharded'], driver: { transport: 'sharded' }, channel: 'socket.io#/#', sharded: true },
  'sharded, static': {
    tool: ['--transport', 'sharded', '--sharded-mode', 'static'],
    driver: { transport: 'sharded', mode: 'static' },
    mode: 'static', channel: 'socket.io#/#', sharded: true,
  },
  'sharded, dynamic-private': {
    tool: ['--transport', 'sharded', '--sharded-mode', 'dynamic-private'],
    driver: { transport: 'sharded', mode: 'dynamic-private' },
    mode: 'dynamic-private', channel: 'socket.io#/#', sharded: true,
  },
  streams: { tool: ['--transport', 'streams'], driver: { transport: 'streams' }, channel: 'socket.io#/#' },
  'streams, four of them': {
    tool: ['--transport', 'streams', '--stream-count', '4'],
    driver: { transport: 'streams', stream_count: 4 },
    streamCount: 4, channel: 'socket.io#/#',
  },
};

async function connected(url) {
  const client = createClient({ url });
  client.on('error', () => {});
  await client.connect();
  return client;
}

async function startServer(kind, url) {
  const clients = [];
  const client = async () => {
    clients.push(await connected(url));
    return clients.at(-1);
  };
  const adapter = kind.driver.transport === 'classic' ? createAdapter(await client(), await client())
    : kind.sharded ? createShardedAdapter(await client(), await client(), { subscriptionMode: kind.mode ?? 'dynamic' })
      : createStreamsAdapter(await client(), { streamCount: kind.streamCount ?? 1, blockTimeInMs: 50 });
  const http = createServer();
  const io = new Server(http, { adapter, serveClient: false });
  const heard = [];
  for (const name of ['/', '/admin']) {
    const nsp = io.of(name);
    nsp.on('connection', (socket) => {
      socket.join(socket.handshake.auth.rooms);
      socket.data = socket.handshake.auth.data;
    });
    nsp.on('refresh', (...args) => {
      const answer = args.at(-1);
      if (typeof answer === 'function') answer(`refreshed ${args[0]}`);
      else heard.push([name, 'refresh', ...args]);
    });
  }
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  return {
    io, heard,
    url: `http://127.0.0.1:${http.address().port}`,
    async close() {
      await io.close();
      for (const one of clients) await one.close();  // after the replies that are under way
    },
  };
}

export class AnyFleet {
  servers = [];
  clients = {};
  #markers = 0;

  static async start(kindName, redisUrl) {
    const fleet = new AnyFleet();
    fleet.kind = kinds[kindName];
    fleet.url = redisUrl;
    fleet.redis = await connected(redisUrl);
    for (let n = 0; n < 2; ++n) fleet.servers.push(await startServer(fleet.kind, redisUrl));
    await eventually(async () => (await fleet.serverCount()) === 2, () => 'Redis does not count two servers');
    await fleet.connect();
    return fleet;
  }

  async connect() {
    for (const [name, { server, nsp = '/', rooms, data }] of Object.entries(people)) {
      const manager = new Manager(this.servers[server].url, { transports: ['websocket'], reconnection: false });
      const socket = manager.socket(nsp, { auth: { rooms, data } });
      const client = { socket, nsp, received: [], marker: 0, gone: false, answers: true };
      socket.onAny((event, ...args) => {
        if (event === MARKER) client.marker = args[0];
        else if (typeof args.at(-1) !== 'function') client.received.push([event, ...args]);
        else if (client.answers) args.at(-1)(name);
      });
      socket.on('disconnect', () => (client.gone = true));
      await once(socket, 'connect');
      client.id = socket.id;
      this.clients[name] = client;
    }
    await this.settle(true);
  }

  /** How many servers the fleet itself counts. */
  async serverCount() {
    const { channel, sharded } = this.kind;
    const [, count] = await this.redis.sendCommand(['PUBSUB', sharded ? 'SHARDNUMSUB' : 'NUMSUB', channel]);
    return Number(count);
  }

  /** All channels that somebody is subscribed to. */
  async channels() {
    const all = [...await this.redis.sendCommand(['PUBSUB', 'CHANNELS', '*']),
      ...await this.redis.sendCommand(['PUBSUB', 'SHARDCHANNELS', '*'])];
    return all.sort();
  }

  /**
   * Waits until what was emitted before has arrived: a marker goes the same way. At the start it goes again and again, until the
   * servers read (a streams server misses what comes before its first look).
   */
  async settle(again = false) {
    const behind = () => Object.values(this.clients).filter((client) => !client.gone && client.marker < this.#markers);
    const emit = async () => {
      ++this.#markers;
      for (const nsp of ['/', '/admin']) await this.tool(['-n', nsp, MARKER, String(this.#markers)]);
    };
    await emit();
    for (let attempt = 0; again && behind().length > 0 && attempt < 50; ++attempt) await emit();
    await eventually(() => behind().length === 0, () => 'a marker did not reach everybody');
  }

  /** What the clients and servers have received since the last call. */
  take() {
    const received = {};
    for (const [name, client] of Object.entries(this.clients)) {
      if (client.received.length > 0) received[name] = client.received;
      client.received = [];
    }
    const heard = this.servers.map((server) => server.heard.splice(0));
    return { received, heard };
  }

  /** Runs socketio-emit on this fleet. */
  tool(args) {
    return this.plainTool([...this.kind.tool, ...args]);
  }

  /** The same without a word about how the fleet is made. */
  plainTool(args) {
    const env = { PATH: process.env.PATH, REDIS_URL: this.url };
    return run(process.env.SOCKETIO_EMIT, ['--output', 'json', ...args], { env });
  }

  async close() {
    for (const { socket } of Object.values(this.clients)) socket.disconnect();
    await Promise.all(this.servers.map((server) => server.close()));
    await this.redis.close();
  }
}

/** The library, asked line by line. */
export class Driver {
  constructor() {
    this.child = start(process.env.INTEROP_DRIVER, [], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.lines = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
  }

  async ask(fleet, command) {
    this.child.stdin.write(`${JSON.stringify({ url: fleet.url, ...fleet.kind.driver, ...command })}\n`);
    const { value } = await this.lines.next();
    const result = JSON.parse(value);
    if (!result.ok) throw new Error(result.error);
    return result;
  }

  kill() {
    this.child.kill('SIGKILL');
    return this.child.exited;
  }

  close() {
    return end(this.child);
  }
}
