// What happens to connections of the conformance server over time: lost and found again, slow, silent, too many, ended.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { test } from 'node:test';
import { end, start } from './children.mjs';
import { ask, connected, freePort, next, open, perform, settled, startServer, until } from './conformance.mjs';
import { official } from './packages.mjs';

const { Socket: Engine } = official('engine.io-client');
const WebSocket = official('ws');

/** A test with a server of its own, and /control of it. */
function withServer(name, env, run, wrap) {
  test(name, async () => {
    const server = await startServer(env, wrap);
    const control = open(server, '/control', { transports: ['websocket'] });
    await until(control, () => control.connected);
    const op = (what, fields) => perform(control, what, fields);
    await run(server, op, control);
    control.disconnect();
    await end(server.child);
    assert.equal(await server.child.exited, 0);
  });
}

const sids = async (op, nsp) => (await op('localSockets', { nsp })).map(({ id }) => id);
/** Asks again until the answer is as wanted: for what the server notices by itself. */
async function eventually(question, wanted) {
  for (;;) {
    const answer = await question();
    if (wanted(answer)) return answer;
    await new Promise(setImmediate);
  }
}

async function rawSession(server, path = '/socket.io/') {
  const socket = new WebSocket(`ws://127.0.0.1:${server.port}${path}?EIO=4&transport=websocket`);
  socket.packets = [];
  socket.on('message', (data, isBinary) => {
    socket.packets.push(isBinary ? data : data.toString());
    socket.emit('packet');
  });
  socket.packet = async () => {
    while (socket.packets.length === 0) await once(socket, 'packet');
    return socket.packets.shift();
  };
  socket.opening = JSON.parse((await socket.packet()).slice(1));
  return socket;
}

// ---- connection-state recovery ----------------------------------------------------------------------------------------

for (const transports of [['websocket'], ['polling']]) {
  withServer(`recovery over ${transports}: nothing is missed, nothing comes twice`, { CSR: '1' }, async (server, op) => {
    const socket = await connected(server, '/', { transports });
    const { id } = socket;
    await next(socket);
    await ask(socket, 'join', ['x']);
    await op('setData', { socket: id, data: { kept: true } });
    for (let round = 0; round < 3; round++) {
      socket.io.engine.close();
      await until(socket, () => !socket.connected);
      await eventually(() => sids(op), (all) => all.length === 0);
      await op('emit', { args: ['all', round] });
      await op('emit', { args: ['x', Buffer.from([round])], to: ['x'] });
      await op('emit', { args: ['other'], to: ['y'] });
      await op('emit', { args: ['private'], to: [id] });
      await op('emit', { args: ['without x'], except: ['x'] });
      await op('emit', { args: ['volatile'], volatile: true });
      socket.connect();
      await until(socket, () => socket.connected);
      assert.equal(socket.recovered, true);
      assert.equal(socket.id, id);
      await op('emit', { args: ['after', round] });
      const events = (await settled(socket)).map((event) => event.slice(0, -1));  // the last argument is the offset
      assert.deepEqual(events.filter(([name]) => name !== 'auth'),
        [['all', round], ['x', Buffer.from([round])], ['private'], ['after', round]]);
      const [fetched] = await op('fetchSockets');
      assert.deepEqual(fetched.rooms, [id, 'x'].sort());
      assert.deepEqual(fetched.data, { kept: true });
    }
    socket.disconnect();
  });
}

withServer('recovery that fails is a new session', { CSR: '1' }, async (server, op) => {
  const socket = await connected(server, '/', { transports: ['websocket'] });
  const { id } = socket;
  socket.io.engine.close();
  await until(socket, () => !socket.connected);
  await op('emit', { args: ['missed'] });
  socket._pid = 'nobody';
  socket.events.length = 0;
  socket.connect();
  await until(socket, () => socket.connected);
  assert.equal(socket.recovered, false);
  assert.notEqual(socket.id, id);
  assert.deepEqual((await settled(socket)).map(([name]) => name), ['auth']);
  socket.disconnect();
});

withServer('a client that lost its connection comes back by itself', {}, async (server, op) => {
  const socket = await connected(server, '/', { reconnection: true, reconnectionDelay: 1 });
  const { id } = socket;
  socket.io.engine.close();
  await until(socket, () => socket.connected && socket.id !== id);
  assert.deepEqual(await eventually(() => sids(op), (all) => all.length === 1), [socket.id]);
  socket.disconnect();
});

// ---- slow and silent clients ------------------------------------------------------------------------------------------

withServer('a client that polls rarely gets all that has come meanwhile, in order', {}, async (server, op) => {
  const url = `${server.url}/socket.io/?EIO=4&transport=polling`;
  const { sid } = JSON.parse((await (await fetch(url)).text()).slice(1));
  const session = `${url}&sid=${sid}`;
  await fetch(session, { method: 'POST', body: '40' });
  await (await fetch(session)).text();
  for (let i = 0; i < 100; i++) await op('emit', { args: ['e', i] });
  await op('emit', { args: ['lost'], volatile: true });
  const body = await (await fetch(session)).text();
  const packets = body.split('\x1e').filter((packet) => packet.startsWith('42["e"'));
  assert.deepEqual(packets, Array.from({ length: 100 }, (_, i) => `42["e",${i}]`));
  assert.ok(!body.includes('lost'));
});

withServer('a client that never reads is closed when its queue is full, and nobody else is harmed', {}, async (server, op) => {
  const healthy = await connected(server, '/', { transports: ['websocket'] });
  const deaf = await rawSession(server);
  deaf.send('40');
  await deaf.packet();
  deaf.pause();
  assert.equal((await sids(op)).length, 2);
  const large = 'x'.repeat(900_000);
  let sent = 0;
  await eventually(async () => {
    await op('emit', { args: ['large', sent++, large] });
    return sids(op);
  }, (all) => all.length === 1);
  assert.deepEqual(await sids(op), [healthy.id]);
  const events = (await settled(healthy)).filter(([name]) => name === 'large');
  assert.deepEqual(events.map(([, index]) => index), Array.from({ length: sent }, (_, i) => i));
  deaf.terminate();
  healthy.disconnect();
});

// ---- limits and deadlines ---------------------------------------------------------------------------------------------

withServer('MAX_PAYLOAD is told, and kept, on both transports', { MAX_PAYLOAD: '1000' }, async (server) => {
  const url = `${server.url}/socket.io/?EIO=4&transport=polling`;
  const opening = JSON.parse((await (await fetch(url)).text()).slice(1));
  assert.equal(opening.maxPayload, 1000);
  const post = (body) => fetch(`${url}&sid=${opening.sid}`, { method: 'POST', body }).then(({ status }) => status);
  assert.equal(await post('40'), 200);
  assert.equal(await post(`4${'x'.repeat(1000)}`), 413);
  assert.equal(await post('40'), 400);  // the session has ended, as since engine.io 6.6.13
  const raw = await rawSession(server);
  raw.send('40');
  await raw.packet();
  raw.send(`42["message","${'x'.repeat(1000)}"]`);
  const [code] = await once(raw, 'close');
  assert.equal(code, 1009);
});

withServer('a client that answers no ping is closed, one that does stays', { PING_INTERVAL: '50', PING_TIMEOUT: '100' },
  async (server, op) => {
    const deaf = await rawSession(server);
    assert.equal(deaf.opening.pingInterval, 50);
    assert.equal(deaf.opening.pingTimeout, 100);
    deaf.send('40');
    const healthy = await connected(server, '/', { transports: ['websocket'] });
    await once(deaf, 'close');
    for (let pings = 0; pings < 3; pings++) await once(healthy.io.engine, 'ping');
    assert.deepEqual(await sids(op), [healthy.id]);
    healthy.disconnect();
  });

withServer('CONNECT_TIMEOUT closes who joins nothing', { CONNECT_TIMEOUT: '200' }, async (server, op, control) => {
  const raw = await rawSession(server);
  raw.send('40/nope,');
  assert.equal(await raw.packet(), '44/nope,{"message":"Invalid namespace"}');
  await once(raw, 'close');
  assert.equal(control.connected, true);
});

withServer('raw WebSockets: Socket.IO and bare Engine.IO, byte for byte', {}, async (server) => {
  const raw = await rawSession(server);
  raw.send('40{"a":1}');
  assert.match(await raw.packet(), /^40\{"sid":"[\w-]{20}"\}$/);
  assert.equal(await raw.packet(), '42["auth",{"a":1}]');
  raw.send('427["message-with-ack","ä"]');
  assert.equal(await raw.packet(), '437["ä"]');
  raw.send('451-["message",{"_placeholder":true,"num":0}]');
  raw.send(Buffer.from([1, 2]));
  assert.equal(await raw.packet(), '451-["message-back",{"_placeholder":true,"num":0}]');
  assert.deepEqual(await raw.packet(), Buffer.from([1, 2]));
  raw.send('42[');
  await once(raw, 'close');

  const bare = new Engine(server.url, { path: '/engine.io/' });
  await once(bare, 'open');
  const came = [];
  const both = new Promise((resolve) => bare.on('message', (data) => came.push(data) === 2 && resolve()));
  bare.send('text');
  bare.send(Buffer.from([3]));
  await both;
  assert.deepEqual([came[0], Buffer.from(came[1])], ['text', Buffer.from([3])]);
  bare.close();
});

for (const transports of [['websocket'], ['polling']]) {
  withServer(`what is emitted before disconnectSockets(true) comes first, over ${transports}; one disconnect, no connect`, {},
    async (server, op) => {
      const socket = await connected(server, '/', { transports });
      await next(socket);
      const seen = [];
      socket.on('connect', () => seen.push('connect'));
      socket.on('disconnect', (reason) => seen.push(reason));
      socket.on('last', (number) => seen.push(`last ${number}`));
      const closed = once(socket.io.engine, 'close');
      await Promise.all([op('emit', { args: ['last', 1] }), op('emit', { args: ['last', 2] }), op('disconnectSockets', { close: true })]);
      await closed;
      assert.deepEqual(seen, ['last 1', 'last 2', 'io server disconnect']);
      socket.disconnect();
    });
}

test('SIGTERM ends the server with status 0, and clients see a lost connection, not a DISCONNECT', async () => {
  const server = await startServer();
  const sockets = await Promise.all([['websocket'], ['polling']].map((transports) => connected(server, '/', { transports })));
  const reasons = sockets.map((socket) => new Promise((resolve) => socket.once('disconnect', resolve)));
  server.child.kill('SIGTERM');
  assert.equal(await server.child.exited, 0);
  for (const reason of reasons) assert.match(await reason, /^transport (close|error)$/);
});

test('SIGTERM while Redis has not answered everything ends the server with status 0, and it does not listen', async () => {
  // Confirms subscriptions, and does not tell where the stream ends. The PING on a silent connection follows the confirmations.
  let ping;
  const pinged = new Promise((resolve) => { ping = resolve; });
  const redis = createServer((connection) => {
    connection.on('error', () => {});
    connection.setEncoding('utf8').on('data', (text) => {
      const [name, ...channels] = text.split('\r\n').filter((line) => /^[^*$]/.test(line));
      if (name === 'SUBSCRIBE') channels.forEach((channel, index) => connection.write(`*3\r\n$9\r\nsubscribe\r\n$${channel.length}\r\n${channel}\r\n:${index + 1}\r\n`));
      if (name === 'PING' && connection.subscribed) ping();
      connection.subscribed ||= name === 'SUBSCRIBE';
    });
  }).listen(0, '127.0.0.1');
  await once(redis, 'listening');
  const child = start(process.env.CONFORMANCE_SERVER, [], {
    env: { ...process.env, THREADS: '2', ADAPTER: 'streams', REDIS_URL: `redis://127.0.0.1:${redis.address().port}`, PORT: String(await freePort()) },
    stdio: ['ignore', 'inherit', 'pipe'],
  });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text) => { errors += text; });
  await pinged;
  child.kill('SIGTERM');
  assert.equal(await child.exited, 0, errors);
  assert.equal(errors, '');
  redis.close();
});

// ---- too many ---------------------------------------------------------------------------------------------------------

/** Opens a session with as little as possible; resolves to the connection, or to null when that was refused. */
function attempt(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.write('GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n'
        + 'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n');
    });
    socket.on('error', () => resolve(null));
    socket.on('close', () => resolve(null));
    socket.once('data', (data) => {
      const opened = data.toString().startsWith('HTTP/1.1 101 ');
      if (!opened) socket.destroy();
      resolve(opened ? socket : null);
    });
  });
}

async function burst(server, op, count) {
  const steady = await connected(server, '/', { transports: ['websocket'] });
  await next(steady);
  const attempts = Array.from({ length: count }, () => attempt(server.port));
  const opened = (await Promise.all(attempts)).filter((socket) => socket !== null);
  assert.ok(opened.length > 0);
  await op('emit', { args: ['e'] });
  assert.deepEqual(await settled(steady), [['e']]);
  for (const socket of opened) socket.destroy();
  const later = await eventually(() => attempt(server.port), (socket) => socket !== null);
  later.destroy();
  const again = await connected(server, '/', { reconnection: true, reconnectionDelay: 1 });
  assert.equal(steady.connected, true);
  again.disconnect();
  steady.disconnect();
  return opened.length;
}

withServer('a burst of 10,000 connections', {}, async (server, op) => {
  await burst(server, op, 10_000);
});

withServer('more connections than the process may have: further ones are refused, and later there is room again', {},
  async (server, op) => {
    assert.ok(await burst(server, op, 1000) < 300);
  }, 'ulimit -n 300; exec');
