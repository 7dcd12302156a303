// An official server that does the operations of examples/conformance_server.cpp, under the same names: what one node of a
// mixed fleet can be told to do, every other one can.

import { once } from 'node:events';
import { createServer } from 'node:http';
import { clientLibraries, until } from './fleet.mjs';
import { official } from './packages.mjs';

const { createAdapter, createShardedAdapter } = official('@socket.io/redis-adapter');
const { createAdapter: createStreamsAdapter } = official('@socket.io/redis-streams-adapter');
const { Server } = official('socket.io');
const { redis, ioredis } = clientLibraries;
const sharded = (subscriptionMode) => (pub, sub) => createShardedAdapter(pub, sub, { subscriptionMode });

/** Each kind: the Redis client, and the adapter made of two of them. */
export const peerKinds = {
  'adapter 8, ioredis': { library: ioredis, adapter: createAdapter },
  'adapter 8, redis': { library: redis, adapter: createAdapter },
  'adapter 7': { library: ioredis, adapter: (...args) => official('redis-adapter-7').createAdapter(...args) },
  'socket.io-redis 6': {
    library: ioredis,
    adapter: (pubClient, subClient, options) => official('socket.io-redis')({ pubClient, subClient, ...options }),
  },
  'sharded, static': { library: ioredis, adapter: sharded('static') },
  'sharded, dynamic': { library: redis, adapter: sharded('dynamic') },
  'sharded, dynamic-private': { library: ioredis, adapter: sharded('dynamic-private') },
  streams: { library: ioredis, adapter: (pub) => createStreamsAdapter(pub), ready: hearsStreams },
  'adapter 8, ioredis, cluster': { library: clientLibraries['ioredis, cluster'], adapter: createAdapter },
  'adapter 8, redis, cluster': { library: clientLibraries['redis, cluster'], adapter: createAdapter },
  'sharded, static, cluster': { library: clientLibraries['redis, cluster'], adapter: sharded('static') },
  'streams, cluster': {
    library: clientLibraries['ioredis, cluster'], adapter: (pub) => createStreamsAdapter(pub), ready: hearsStreams,
  },
};

/** This adapter makes connections of its own, and does not tell when they are there: Redis does. */
async function hearsStreams(pub, namespaces, until) {
  const before = pub.heardBefore;
  await until(async () => {
    const { subscribed, reading } = await streamsHeard(pub, namespaces);
    return reading > before.reading && subscribed.every((count, index) => count > before.subscribed[index]);
  });
}

async function streamsHeard(pub, namespaces) {
  const channels = namespaces.map((nsp) => `socket.io#${nsp}#`);
  const nodes = pub.nodes?.('master') ?? [pub];  // of a cluster, each counts its own
  const counts = await Promise.all(nodes.map((node) => node.pubsub('NUMSUB', ...channels)));
  const clients = await Promise.all(nodes.map((node) => node.client('LIST')));
  return {
    subscribed: channels.map((_, index) => counts.reduce((sum, count) => sum + Number(count[2 * index + 1]), 0)),
    reading: clients.join('').split('\n').filter((line) => line.includes('cmd=xread')).length,
  };
}

const sorted = (rooms) => [...rooms].map(String).sort();
const byId = (sockets) => sockets.sort((a, b) => (a.id < b.id ? -1 : 1));
/** What an answer with error and values comes to; `call` gets a callback for them. */
const outcome = (call) => new Promise((resolve) => {
  call((error, responses = []) => resolve({ error: error?.message ?? null, responses: [].concat(responses) }));
});

export class Peer {
  #log = [];

  static async start(name, kindName, { redisUrl, namespaces, requestsTimeout, publishOnSpecificResponseChannel }) {
    const peer = new Peer();
    const { library, adapter, ready } = peerKinds[kindName];
    const [pub, sub] = await Promise.all([library.connect(redisUrl), library.connect(redisUrl)]);
    if (ready) pub.heardBefore = await streamsHeard(pub, namespaces);
    const http = createServer();
    const io = new Server(http, {
      adapter: adapter(pub, sub, { requestsTimeout, publishOnSpecificResponseChannel }), serveClient: false,
    });
    Object.assign(peer, { name, io, library, pub, sub });
    for (const nsp of namespaces) peer.#hearServerSide(nsp);
    // Same connection, later command: when Redis confirms it, the adapters' subscriptions are in force.
    await library.subscribed(sub, 'peer-ready');
    await ready?.(pub, namespaces, (look) => until(look, `${name} does not hear its fleet`));
    http.listen(0, '127.0.0.1');
    await once(http, 'listening');
    peer.url = `http://127.0.0.1:${http.address().port}`;
    return peer;
  }

  #hearServerSide(nsp) {
    for (const event of ['sse', 'sse-ack', 'sse-silent', `sse-only-${this.name}`]) {
      this.io.of(nsp).on(event, (...args) => {
        const ack = typeof args.at(-1) === 'function' ? args.pop() : undefined;
        this.#log.push({ nsp, event, args });
        if (event !== 'sse' && event !== 'sse-silent') ack?.({ node: this.name, args });
      });
    }
  }

  #selected({ nsp = '/', socket, to = [], except = [], local, volatile, compress, timeout }) {
    let selected = socket ? this.io.of(nsp).sockets.get(socket).broadcast : this.io.of(nsp);
    if (to.length > 0) selected = selected.to(to);
    if (except.length > 0) selected = selected.except(except);
    if (local) selected = selected.local;
    if (volatile) selected = selected.volatile;
    if (compress !== undefined) selected = selected.compress(compress);
    if (timeout !== undefined) selected = selected.timeout(timeout);
    return selected;
  }

  #operations = {
    emit: (to, { args }) => void to.emit(...args),
    emitWithAck: (to, { args }) => outcome((done) => to.emit(...args, done)),
    socketsJoin: (to, { rooms }) => void to.socketsJoin(rooms),
    socketsLeave: (to, { rooms }) => void to.socketsLeave(rooms),
    disconnectSockets: (to, { close }) => void to.disconnectSockets(close),
    fetchSockets: async (to) => byId((await to.fetchSockets())
      .map(({ id, rooms, data, handshake }) => ({ id, rooms: sorted(rooms), data, handshake }))),
    serverSideEmit: (nsp, { args }) => void nsp.serverSideEmit(...args),
    serverSideEmitWithAck: (nsp, { args }) => outcome((done) => nsp.serverSideEmit(...args, done)),
    allRooms: async (nsp) => sorted(await nsp.adapter.allRooms()),
    serverCount: (nsp) => nsp.adapter.serverCount(),
    join: (_, { nsp = '/', socket, rooms }) => void this.io.of(nsp).sockets.get(socket).join(rooms),
    setData: (_, { nsp = '/', socket, data }) => void (this.io.of(nsp).sockets.get(socket).data = data),
    localSockets: (nsp) => byId([...nsp.sockets.values()].map(({ id, rooms }) => ({ id, rooms: sorted(rooms) }))),
    sseLog: () => this.#log.splice(0),

    // Beyond the conformance server: a fetched socket, by its id; and questions that only the older generation asks.
    remote: async (nsp, { id, does, args, timeout }) => {
      const [remote] = await nsp.in(id).fetchSockets();
      if (does !== 'ack') return void remote[does](...args);
      return outcome((done) => remote.timeout(timeout).emit(...args, done));
    },
    sockets: async (nsp, { to }) => [...await nsp.adapter.sockets(new Set(to))].sort(),
    remoteJoin: (nsp, { id, room }) => nsp.adapter.remoteJoin(id, room),
    remoteLeave: (nsp, { id, room }) => nsp.adapter.remoteLeave(id, room),
    remoteDisconnect: (nsp, { id }) => nsp.adapter.remoteDisconnect(id, false),
  };

  /** Nothing waits to be written to a client: a volatile event would not be dropped. */
  isAtRest() {
    return Object.values(this.io.engine.clients).every(({ transport }) => transport.writable);
  }

  async op({ op, ...operation }) {
    return await this.#operations[op](this.#selected(operation), operation) ?? null;
  }

  async close() {
    await this.io.close();
    await this.library.close(this.pub);
    await this.library.close(this.sub);
  }
}
