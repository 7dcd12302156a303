// One official server as a process of its own, driven through its namespace /control as examples/conformance_server.cpp is.
//
// process.argv[2]  {name, transport, redis: {url} or {cluster: [port]} or {sentinels: [port]}, requestsTimeout}; says its port
//                  to its parent when it listens

import { once } from 'node:events';
import { createServer } from 'node:http';
import { Redis, Server, createAdapter, createClient, createShardedAdapter, createStreamsAdapter } from './packages.mjs';
import { password, user } from './redis.mjs';

const { name, transport, redis, requestsTimeout } = JSON.parse(process.argv[2]);

// A publish that Redis refuses is a rejection that nobody handles, and would end the process.
process.on('unhandledRejection', () => {});
process.on('disconnect', () => process.exit());

async function connect() {
  if (redis.url) {
    const client = createClient({ url: redis.url });
    client.on('error', () => {});
    return await client.connect();
  }
  // Its cluster client waits for a node that has died until that one comes back: ioredis.
  const login = { username: user, password };
  const endpoints = (redis.sentinels ?? redis.cluster).map((port) => ({ host: '127.0.0.1', port }));
  const client = redis.sentinels
    ? new Redis({ sentinels: endpoints, name: 'fleet', ...login })
    : new Redis.Cluster(endpoints, { redisOptions: login, shardedSubscribers: true });
  client.on('error', () => {});
  await once(client, 'ready');
  return client;
}

const adapters = {
  classic: async () => createAdapter(await connect(), await connect(), { requestsTimeout }),
  sharded: async () => createShardedAdapter(await connect(), await connect()),
  streams: async () => createStreamsAdapter(await connect()),
};

const http = createServer();
const io = new Server(http, { adapter: await adapters[transport](), serveClient: false });
io.of('/custom');
io.on('sse-ack', (...args) => args.pop()({ node: name }));

const outcome = (call) => new Promise((resolve) => {
  call((error, responses = []) => resolve({ error: error?.message ?? null, responses: [].concat(responses) }));
});
const selected = ({ nsp = '/', timeout }) => (timeout === undefined ? io.of(nsp) : io.of(nsp).timeout(timeout));
const operations = {
  emit: (to, { args }) => void to.emit(...args),
  emitWithAck: (to, { args }) => outcome((done) => to.emit(...args, done)),
  fetchSockets: async (to) => (await to.fetchSockets()).map(({ id }) => ({ id })),
  serverSideEmitWithAck: (to, { nsp = '/', args }) => outcome((done) => io.of(nsp).serverSideEmit(...args, done)),
};

io.of('/control').on('connection', (socket) => {
  socket.on('op', async ({ op, ...details }, ack) => {
    try {
      ack({ ok: true, result: (await operations[op](selected(details), details)) ?? null });
    } catch (error) {
      ack({ ok: false, error: String(error?.message ?? error) });
    }
  });
});

http.listen(0, '127.0.0.1', () => process.send({ port: http.address().port }));
