// A fleet of official Socket.IO servers on one Redis, with real clients that record what they get. The interop tests and
// the demo share it.
//
//   publisher ──▶ Redis ──▶ server 0 (redis)   ──▶ client, client, …
//                      └──▶ server 1 (ioredis) ──▶ client, …
//
// Nothing here waits by the clock. A server is ready when Redis has confirmed its subscriptions. Whether somebody did NOT
// get something is known once a marker that was published later has arrived: settle() does that.

import { once } from 'node:events';
import { createServer } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { end, start } from './children.mjs';
import { official } from './packages.mjs';
import { redisServer } from './redis_programs.mjs';

const { Server } = official('socket.io');
const { Manager } = official('socket.io-client');
const { createAdapter } = official('@socket.io/redis-adapter');
const { Emitter } = official('@socket.io/redis-emitter');
const { createClient, createCluster } = official('redis');
const { Cluster, Redis } = official('ioredis');
const MARKER = 'fleet:settled';
const DEADLINE_MS = 10_000;

export async function within(promise, describe, deadlineMs = DEADLINE_MS) {
  let timer;
  const deadline = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${describe()} (waited ${deadlineMs} ms)`)), deadlineMs);
  });
  try {
    return await Promise.race([promise, deadline]);
  } finally {
    clearTimeout(timer);
  }
}

// ---- Redis ------------------------------------------------------------------------------------------------------------

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Looks again and again until `look()` is true. */
export async function until(look, what) {
  let over = false;
  const looking = (async () => {
    while (!over && !await look()) await pause(5);
  })();
  await within(looking, () => what).finally(() => { over = true; });
}

export async function freePort() {
  const probe = createTcpServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  await once(probe, 'close');
  return port;
}

/** Starts a Redis of our own on a free loopback port and on a unix socket, without files that outlive it. */
export async function startRedis(extra = []) {
  const folder = mkdtempSync(path.join(tmpdir(), 'socketio-redis-'));
  const removeFolder = () => rmSync(folder, { recursive: true, force: true });
  process.on('exit', removeFolder);
  const socketPath = path.join(folder, 'redis.sock');
  for (let attempt = 1; ; ++attempt) {
    const port = await freePort();  // somebody else may take it before Redis does: then another one
    const child = start(redisServer, ['--bind', '127.0.0.1', '--port', String(port), '--unixsocket', socketPath,
      '--save', '', '--appendonly', 'no', '--dir', folder, ...extra], { stdio: ['ignore', 'pipe', 'inherit'] });
    const ready = new Promise((resolve) => {
      let log = '';
      child.stdout.on('data', (text) => {
        if (resolve === null) return;
        log += text;
        if (!log.includes('Ready to accept connections')) return;
        resolve(true);
        resolve = null;
      });
    });
    const gone = child.exited.then(() => false);
    if (await within(Promise.race([ready, gone]), () => `${redisServer} did not start`)) {
      return {
        url: `redis://127.0.0.1:${port}`,
        unixUrl: `unix://${socketPath}`,
        async close() {
          await end(child);
          removeFolder();
        },
      };
    }
    if (attempt === 5) throw new Error(`${redisServer} ended at once, five times; is a port free on 127.0.0.1?`);
  }
}

/** Resolves to the client when `ready` does. The first error fails it: these clients would try again for ever. */
async function connected(client, ready, giveUp) {
  const failed = new Promise((_, reject) => client.on('error', reject));  // the later errors go nowhere
  try {
    await Promise.race([ready, failed]);
    return client;
  } catch (error) {
    giveUp();
    throw new Error(`no connection to Redis: ${error.message || error.code}`);
  }
}

/** ["127.0.0.1:7000", …] of redis+cluster://127.0.0.1:7000,… */
const clusterNodes = (url) => url.slice('redis+cluster://'.length).split(',');

const unixPath = (url) => (url.startsWith('unix://') ? url.slice('unix://'.length) : undefined);

/** One way per Redis client to connect, to wait for the confirmation of what was subscribed before, and to close. */
export const clientLibraries = {
  redis: {
    connect(url) {
      const client = createClient(unixPath(url) ? { socket: { path: unixPath(url) } } : { url });
      return connected(client, client.connect(), () => client.destroy());
    },
    subscribed: (client, channel) => client.subscribe(channel, () => {}),
    close: (client) => client.close(),  // after the replies that are under way
  },
  ioredis: {
    connect(url) {
      const client = new Redis(unixPath(url) ?? url);
      return connected(client, new Promise((resolve) => client.once('ready', resolve)), () => client.disconnect());
    },
    subscribed: (client, channel) => client.subscribe(channel),
    close: (client) => client.disconnect(),
  },
  'redis, cluster': {
    connect(url) {
      const client = createCluster({ rootNodes: clusterNodes(url).map((node) => ({ url: `redis://${node}` })) });
      // Of the last subscriptions of a node, given up together, each closes the connection; the second one throws, and the
      // adapter does not catch that.
      const unsubscribe = client.sUnsubscribe.bind(client);
      client.sUnsubscribe = (...args) => unsubscribe(...args).catch((error) => {
        if (error.message !== 'The client is closed') throw error;
      });
      return connected(client, client.connect(), () => client.destroy());
    },
    subscribed: (client, channel) => client.subscribe(channel, () => {}),
    close: (client) => client.close(),
  },
  'ioredis, cluster': {
    connect(url) {
      // Adapters make copies that nobody closes: these give up when the cluster is gone.
      const clusterRetryStrategy = (times) => (times > 20 ? null : 50);
      const client = new Cluster(clusterNodes(url).map((node) => `redis://${node}`), { clusterRetryStrategy });
      return connected(client, new Promise((resolve) => client.once('ready', resolve)), () => client.disconnect());
    },
    subscribed: (client, channel) => client.subscribe(channel),
    close: (client) => client.disconnect(),
  },
};

// ---- servers ----------------------------------------------------------------------------------------------------------

/** What makes a server of each kind: the Redis client and the adapter on top of it. */
const serverKinds = {
  redis: { library: clientLibraries.redis, adapter: (pub, sub, key) => createAdapter(pub, sub, { key }) },
  ioredis: { library: clientLibraries.ioredis, adapter: (pub, sub, key) => createAdapter(pub, sub, { key }) },
  'socket.io-redis': {  // the older generation, 6.1
    library: clientLibraries.ioredis,
    adapter: (pubClient, subClient, key) => official('socket.io-redis')({ pubClient, subClient, key }),
    noServerSideEvents: true,
  },
};

async function startServer(kindName, { redisUrl, key, namespaces, onServerEvent, serverEvents }) {
  const kind = serverKinds[kindName];
  const [pub, sub] = await Promise.all([kind.library.connect(redisUrl), kind.library.connect(redisUrl)]);
  const http = createServer();
  const io = new Server(http, { adapter: kind.adapter(pub, sub, key), serveClient: false });
  for (const name of namespaces) {
    const nsp = io.of(name);
    nsp.on('connection', (socket) => socket.join(socket.handshake.auth.rooms));
    for (const event of serverEvents) nsp.on(event, (...args) => onServerEvent(name, event, args));
  }
  // Same connection, later command: when Redis confirms it, the adapters' subscriptions are in force.
  await kind.library.subscribed(sub, `${key}-fleet-ready`);
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  return {
    io,
    kindName,
    hearsServerSideEvents: !kind.noServerSideEvents,
    url: `http://127.0.0.1:${http.address().port}`,
    async close() {
      await io.close();
      await kind.library.close(pub);
      await kind.library.close(sub);
    },
  };
}

// ---- the fleet --------------------------------------------------------------------------------------------------------

export class Fleet {
  servers = [];
  clients = new Map();
  #serverEvents = [];  // { server, nsp, event: [name, ...args] }
  #settled = 0;        // number of the last marker
  #markerSeen = () => {};

  /**
   * Starts one server per entry of `kinds` ("redis", "ioredis", "socket.io-redis").
   *
   * `namespaces`    exist on every server
   * `serverEvents`  names of the server-side events that are recorded
   */
  static async start({ redisUrl, kinds = ['redis', 'ioredis'], key = 'socket.io', namespaces = ['/'], serverEvents = [] }) {
    const fleet = new Fleet();
    Object.assign(fleet, { redisUrl, key, namespaces });
    try {
      fleet.publisher = await clientLibraries.redis.connect(redisUrl);
      fleet.emitter = new Emitter(fleet.publisher, { key });
      for (const [index, kind] of kinds.entries()) {
        fleet.servers.push(await startServer(kind, {
          redisUrl, key, namespaces,
          serverEvents: [...serverEvents, MARKER],
          onServerEvent: (nsp, event, args) => fleet.#onServerEvent(index, nsp, event, args),
        }));
      }
    } catch (error) {
      await fleet.close();
      throw error;
    }
    return fleet;
  }

  /**
   * Replaces all clients. `people` maps a name to `{ server, nsp, rooms, shares }`: the server's index, the namespace, the
   * rooms it is in from the start, and the name of an earlier client whose connection it shares.
   */
  async connect(people) {
    for (const client of this.clients.values()) client.socket.disconnect();
    this.clients.clear();
    for (const [name, who] of Object.entries(people)) this.clients.set(name, this.#newClient(name, who));
    await within(Promise.all([...this.clients.values()].map((client) => client.connected)), () => 'not all clients connected');
  }

  #newClient(name, { server = 0, nsp = '/', rooms = [], shares }) {
    const manager = shares
      ? this.clients.get(shares).socket.io
      : new Manager(this.servers[server].url, { transports: ['websocket'], reconnection: false });
    const socket = manager.socket(nsp, { auth: { rooms } });
    const client = { name, server, nsp, rooms, socket, received: [], disconnected: false, flags: undefined, marker: 0 };
    socket.onAny((event, ...args) => {
      if (event !== MARKER) return client.received.push([event, ...args]);
      client.marker = args[0];
      this.#markerSeen();
    });
    socket.once('disconnect', () => {
      client.disconnected = true;
      this.#markerSeen();
    });
    client.connected = new Promise((resolve, reject) => {
      socket.once('connect', () => {
        client.id = socket.id;
        this.#watchFlags(client);
        resolve();
      });
      socket.once('connect_error', reject);
    });
    return client;
  }

  /** The flags of an emit show where the server hands its packet, like `2/admin,["chat"]`, to the client's transport. */
  #watchFlags(client) {
    const { conn } = this.servers[client.server].io.of(client.nsp).sockets.get(client.id);
    const start = client.nsp === '/' ? '[' : `${client.nsp},`;
    conn.on('packetCreate', ({ data, options }) => {
      const event = /^(?:2|5\d+-)(.*)$/su.exec(String(data))?.[1];
      if (!event?.startsWith(start) || event.includes(MARKER)) return;
      client.flags = { volatile: options.volatile === true, compress: options.compress };
    });
  }

  #onServerEvent(server, nsp, event, args) {
    if (event !== MARKER) return this.#serverEvents.push({ server, nsp, event: [event, ...args] });
    this.servers[server].marker = { ...this.servers[server].marker, [nsp]: args[0] };
    this.#markerSeen();
  }

  /**
   * Waits until everything that Redis accepted before this call has arrived: a marker is published to all clients and
   * servers, and Redis hands the messages to each subscriber in the order of their arrival.
   */
  async settle() {
    const number = ++this.#settled;
    const missing = () => [
      ...[...this.clients.values()].filter((client) => !client.disconnected && client.marker < number).map(({ name }) => name),
      ...this.servers.flatMap((server, index) => this.namespaces
        .filter((nsp) => server.hearsServerSideEvents && (server.marker?.[nsp] ?? 0) < number)
        .map((nsp) => `server ${index} in ${nsp}`)),
    ];
    const everywhere = new Promise((resolve) => {
      this.#markerSeen = () => {
        if (missing().length === 0) resolve();
      };
    });
    for (const nsp of this.namespaces) {
      this.emitter.of(nsp).emit(MARKER, number);
      this.emitter.of(nsp).serverSideEmit(MARKER, number);
    }
    await within(everywhere, () => `the marker did not reach: ${missing().join(', ')}`);
  }

  /**
   * What was recorded since the last call:
   * `{ received: { name: [[event, ...args], …] }, flags: { name: … }, disconnected: [name, …], serverEvents: […] }`
   */
  take() {
    const record = { received: {}, flags: {}, disconnected: [], serverEvents: this.#serverEvents };
    for (const client of this.clients.values()) {
      if (client.received.length > 0) record.received[client.name] = client.received;
      if (client.flags) record.flags[client.name] = client.flags;
      if (client.disconnected) record.disconnected.push(client.name);
      client.received = [];
      client.flags = undefined;
    }
    this.#serverEvents = [];
    return record;
  }

  async close() {
    for (const client of this.clients.values()) client.socket.disconnect();
    await Promise.all(this.servers.map((server) => server.close()));
    if (this.publisher) await clientLibraries.redis.close(this.publisher);
  }
}
