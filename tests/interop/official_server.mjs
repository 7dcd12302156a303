// One official server as a process of its own: it can be stopped, started with other rights than its neighbours, and killed.
// inspected_fleet.mjs starts it and tells it what to do. Clients say in their handshake what they are: {rooms, data}.
//
// process.argv[2]  {transport, redisUrl, pubUrl?, namespaces, options, cluster?}: `cluster` has options of ioredis

import { createServer } from 'node:http';
import { official } from './packages.mjs';

const { createAdapter, createShardedAdapter } = official('@socket.io/redis-adapter');
const { createAdapter: createStreamsAdapter } = official('@socket.io/redis-streams-adapter');
const { Cluster, Redis } = official('ioredis');
const { createClient } = official('redis');
const { Server } = official('socket.io');
const { transport, redisUrl, pubUrl = redisUrl, namespaces, options, cluster } = JSON.parse(process.argv[2]);

// What this server is not allowed to do is what some tests are about.
process.on('unhandledRejection', () => {});
process.on('disconnect', () => process.exit());

async function connect(url) {
  // By RESP3, which redis 6 prefers, one connection may do both, and doctor takes none for missing.
  const client = createClient({ url, ...(pubUrl === redisUrl ? {} : { RESP: 2 }) });
  client.on('error', () => {});
  const duplicate = client.duplicate.bind(client);
  client.duplicate = (...args) => {
    const other = duplicate(...args);
    duplicates.push(other);
    return other;
  };
  return await client.connect();
}
const duplicates = [];  // the streams adapter makes its readers so

function clusterAdapter() {
  const nodes = redisUrl.slice('redis+cluster://'.length).split(',').map((node) => `redis://${node}`);
  const [pub, sub] = [new Cluster(nodes, cluster), new Cluster(nodes, cluster)];
  for (const client of [pub, sub]) client.on('error', () => {});
  return createShardedAdapter(pub, sub, options);
}

function olderAdapter() {
  const [pubClient, subClient] = [new Redis(pubUrl), new Redis(redisUrl)];
  return official('socket.io-redis')({ pubClient, subClient, ...options });
}

const adapters = {
  classic: async () => createAdapter(await connect(pubUrl), await connect(redisUrl), options),
  sharded: async () => createShardedAdapter(await connect(pubUrl), await connect(redisUrl), options),
  streams: async () => createStreamsAdapter(await connect(redisUrl), options),
  'sharded, ioredis cluster': async () => clusterAdapter(),
  'socket.io-redis 6': async () => olderAdapter(),
};

const http = createServer();
const io = new Server(http, { adapter: await adapters[transport](), serveClient: false });
for (const name of namespaces) {
  io.of(name).on('connection', (socket) => {
    socket.join(socket.handshake.auth.rooms ?? []);
    socket.data = socket.handshake.auth.data ?? {};
    socket.emit('here');
  });
  io.of(name).on('ping', (...args) => args.pop()?.('pong'));
}

const target = ({ nsp = '/', to = [], except = [], flags = [], timeout }) => {
  let selected = io.of(nsp);
  if (to.length > 0) selected = selected.to(to);
  if (except.length > 0) selected = selected.except(except);
  for (const flag of flags) selected = flag === 'nocompress' ? selected.compress(false) : selected[flag];
  return timeout === undefined ? selected : selected.timeout(timeout);
};
const outcome = (call) => new Promise((resolve) => {
  call((error, responses) => resolve({ error: error?.message ?? null, responses }));
});

const operations = {
  emit: ({ args, ...where }) => void target(where).emit(...args.map((arg) => (arg?.binary ? Buffer.from(arg.binary) : arg))),
  emitWithAck: ({ args, ...where }) => outcome((done) => target(where).emit(...args, done)),
  sockets: async (where) => (await target(where).fetchSockets())
    .map(({ id, rooms, data, handshake }) => ({ id, rooms: [...rooms], data, handshake })),
  fetchSockets: async (where) => (await target(where).fetchSockets()).length,
  serverSideEmit: ({ nsp = '/', args }) => void io.of(nsp).serverSideEmit(...args),
  serverSideEmitWithAck: ({ nsp = '/', args }) => outcome((done) => io.of(nsp).serverSideEmit(...args, done)),
  socketsJoin: ({ rooms, ...where }) => void target(where).socketsJoin(rooms),
  socketsLeave: ({ rooms, ...where }) => void target(where).socketsLeave(rooms),
  disconnectSockets: ({ close, ...where }) => void target(where).disconnectSockets(close),
  uid: ({ nsp = '/' }) => io.of(nsp).adapter.uid,
  /** From now on the event loop is blocked for so long at a time. */
  block: ({ ms }) => {
    const spin = () => {
      for (const end = Date.now() + ms; Date.now() < end;) ;
      setTimeout(spin, 1);
    };
    spin();
  },
  /** From now on no XREAD ever ends, as after some failovers. */
  stopReading: () => {
    for (const client of duplicates) client.xRead = () => new Promise(() => {});
  },
};

process.on('message', async ({ number, op, ...details }) => {
  try {
    process.send({ number, result: (await operations[op](details)) ?? null });
  } catch (error) {
    process.send({ number, error: String(error?.message ?? error) });
  }
});
http.listen(0, '127.0.0.1', () => process.send({ port: http.address().port }));
