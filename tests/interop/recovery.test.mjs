// Connection-state recovery in a streams fleet of both languages: a client that was on one server goes on on the other, with
// nothing missed and nothing twice. CONFORMANCE_SERVER names ours.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { end, start } from './children.mjs';
import { clientLibraries, freePort, startRedis, until, within } from './fleet.mjs';
import { official } from './packages.mjs';

const { createAdapter } = official('@socket.io/redis-streams-adapter');
const { Server } = official('socket.io');
const { io: connectClient } = official('socket.io-client');
const missing = process.env.CONFORMANCE_SERVER ? false : 'CONFORMANCE_SERVER does not name a conformance_server';
const { ioredis } = clientLibraries;

let redis;
let pub;
let io;
let ours;
let control;
const urls = {};

before(async () => {
  redis = await startRedis();
  pub = await ioredis.connect(redis.url);
  const http = createServer();
  io = new Server(http, { adapter: createAdapter(pub), connectionStateRecovery: {}, serveClient: false });
  io.on('connection', (socket) => {
    socket.on('join', (rooms, ack) => {
      socket.join(rooms);
      socket.data = { name: 'set there' };
      ack();
    });
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  urls.official = `http://127.0.0.1:${http.address().port}`;
  if (missing) return;
  const port = await freePort();
  urls.ours = `http://127.0.0.1:${port}`;
  ours = start(process.env.CONFORMANCE_SERVER, [], {
    env: { ...process.env, ADAPTER: 'streams', CSR: '1', PORT: String(port), REDIS_URL: redis.url },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  await until(() => fetch(`${urls.ours}/socket.io/?EIO=4&transport=polling`).then(({ ok }) => ok, () => false), 'ours is not ready');
  control = connectClient(`${urls.ours}/control`, { transports: ['websocket'], forceNew: true });
  await within(once(control, 'connect'), () => 'no connection to /control');
  // Both servers wait in XREAD, and both hear questions.
  await until(async () => (await pub.client('LIST')).split('\n').filter((line) => line.includes('cmd=xread')).length >= 2,
    'not both read the stream');
  await until(async () => (await op({ op: 'serverCount' })) === 2, 'not both are subscribed');
});
after(async () => {
  control?.disconnect();
  if (ours) await end(ours);
  io.close();
  ioredis.close(pub);
  await redis.close();
});

async function op(operation) {
  const { ok, result, error } = await within(control.emitWithAck('op', operation), () => `no answer: ${operation.op}`);
  assert.ok(ok, error);
  return result;
}

for (const [from, to] of [['official', 'ours'], ['ours', 'official'], ['ours', 'ours']]) {
  test(`a client of ${from} goes on on ${to}`, { skip: missing, timeout: 60_000 }, async () => {
    const client = connectClient(urls[from], { transports: ['websocket'], forceNew: true, reconnectionDelay: 10 });
    try {
      const got = [];
      client.onAny((event, value) => { if (event !== 'auth') got.push([event, value]); });
      await within(once(client, 'connect'), () => 'no connection');
      const { id } = client;
      await within(client.emitWithAck('join', ['ours', 'theirs']), () => 'no answer to join');
      io.to('ours').emit('seen', 1);
      await until(() => got.length === 1, 'the first event did not come');

      // The transport breaks; the client's next attempt goes to the other server.
      client.io.uri = urls[to];
      client.io.reconnection(false);
      client.io.engine.close();
      await until(async () => (await op({ op: 'fetchSockets' })).every((socket) => socket.id !== id), 'the socket did not go');
      await until(async () => (await pub.keys('sio:session:*')).length === 1, 'the session was not saved');
      io.to('ours').emit('missed', 2);
      io.to('others').emit('for others', 3);
      await op({ op: 'emit', to: ['theirs'], except: ['nobody'], args: ['missed', 4] });
      await op({ op: 'emit', except: ['ours'], args: ['not for us', 5] });
      await op({ op: 'emit', nsp: '/custom', args: ['elsewhere', 6] });
      await until(async () => await pub.xlen('socket.io') >= 6, 'not all is in the stream');

      const connected = once(client, 'connect');
      client.io.reconnection(true);
      client.connect();
      await within(connected, () => 'no second connection');
      assert.equal(client.recovered, true);
      assert.equal(client.id, id);
      io.to('theirs').emit('after', 7);
      await op({ op: 'emit', to: ['ours'], args: ['after', 8] });
      await until(() => got.length >= 5, `not everything came: ${JSON.stringify(got)}`);
      io.emit('last', 9);
      await until(() => got.at(-1)[0] === 'last', 'the last one did not come');
      const sorted = [...got.slice(3, 5)].sort((a, b) => a[1] - b[1]);  // of two servers, in whatever order
      assert.deepEqual([...got.slice(0, 3), ...sorted, ...got.slice(5)],
        [['seen', 1], ['missed', 2], ['missed', 4], ['after', 7], ['after', 8], ['last', 9]]);
      const [socket] = (await op({ op: 'fetchSockets' })).filter((found) => found.id === id);
      assert.deepEqual(socket.rooms, [id, 'ours', 'theirs'].sort());
      if (from === 'official') assert.deepEqual(socket.data, { name: 'set there' });
      assert.deepEqual(await pub.keys('sio:session:*'), [], 'a session is used once');
    } finally {
      client.disconnect();
      await pub.del('socket.io');
    }
  });
}

test('a session that is not there, or an offset that is gone, is an ordinary new session', { skip: missing, timeout: 60_000 },
  async () => {
    for (const auth of [{ pid: 'nobody', offset: '1-0' }, { pid: 'x', offset: 'no offset' }, { pid: 1, offset: {} }]) {
      const client = connectClient(urls.ours, { transports: ['websocket'], forceNew: true, auth });
      await within(once(client, 'connect'), () => 'no connection');
      assert.equal(client.recovered, false);
      client.disconnect();
    }
  });
