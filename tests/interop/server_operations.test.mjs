// Every operation of the conformance server's /control, with official clients to see what it did.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { end } from './children.mjs';
import { ask, connected, next, open, perform, settled, startServer, until } from './conformance.mjs';

let server, control, a, b;
const transports = ['websocket'];
const binary = Buffer.from([0, 255]);

before(async () => {
  server = await startServer({ NODE_NAME: 'one' });
  control = open(server, '/control', { transports });
  await until(control, () => control.connected);
  [a, b] = await Promise.all([connected(server, '/', { transports }), connected(server, '/', { transports })]);
  for (const socket of [a, b]) await next(socket);
  await ask(a, 'join', ['x']);
  await ask(b, 'join', ['x', 'y']);
});
after(() => end(server.child));

const op = (name, fields) => perform(control, name, fields);
/** Who has got the event, and nothing else. */
async function got(event) {
  const names = [];
  for (const [name, socket] of [['a', a], ['b', b]]) {
    const events = await settled(socket);
    if (events.length > 0) names.push(name);
    for (const [came] of events) assert.equal(came, event);
    assert.ok(events.length <= 1);
  }
  return names.join('');
}

test('emit: rooms, exceptions, flags, from a socket', async () => {
  for (const [selection, expected] of [[{}, 'ab'], [{ to: ['x'] }, 'ab'], [{ to: ['y'] }, 'b'], [{ to: ['x', 'y'] }, 'ab'],
    [{ to: ['x'], except: ['y'] }, 'a'], [{ to: ['nobody'] }, ''], [{ local: true, compress: false }, 'ab'], [{ to: [a.id] }, 'a'],
    [{ socket: a.id }, 'b'], [{ socket: b.id, to: ['x'] }, 'a'], [{ nsp: '/custom' }, '']]) {
    assert.equal(await op('emit', { args: ['e', 1], ...selection }), null);
    assert.equal(await got('e'), expected, JSON.stringify(selection));
  }
  await op('emit', { args: ['volatile'], volatile: true });  // nothing else may be on its way to them: so they are not asked
  for (const socket of [a, b]) assert.deepEqual(await next(socket), [['volatile']]);
  await op('emit', { args: ['binary', binary, { inside: binary }], to: [a.id] });
  assert.deepEqual(await next(a), [['binary', binary, { inside: binary }]]);
});

test('emitWithAck: all answers, or those that came until the timeout', async () => {
  const answer = (value) => (...args) => args.at(-1)(value);
  a.on('q', answer('from a'));
  b.on('q', answer(binary));
  const all = await op('emitWithAck', { args: ['q'], timeout: 60_000 });
  assert.equal(all.error, null);
  assert.equal(all.responses.length, 2);
  assert.ok(all.responses.includes('from a'));
  assert.ok(all.responses.some((value) => Buffer.isBuffer(value) && value.equals(binary)));
  b.off('q');
  assert.deepEqual(await op('emitWithAck', { args: ['q'], timeout: 300 }),
    { error: 'operation has timed out', responses: ['from a'] });
  assert.deepEqual(await op('emitWithAck', { args: ['q'], to: ['nobody'], timeout: 60_000 }), { error: null, responses: [] });
  a.off('q');
  for (const socket of [a, b]) await settled(socket);
});

test('socketEmit and socketEmitWithAck reach that one socket', async () => {
  assert.equal(await op('socketEmit', { socket: b.id, args: ['e', 'x'] }), null);
  assert.equal(await got('e'), 'b');
  b.once('q', (value, ack) => ack(value + 1));
  assert.deepEqual(await op('socketEmitWithAck', { socket: b.id, args: ['q', 1], timeout: 60_000 }),
    { error: null, responses: [2] });
  assert.deepEqual(await op('socketEmitWithAck', { socket: b.id, args: ['q', 1], timeout: 10 }),
    { error: 'operation has timed out', responses: [] });
  for (const socket of [a, b]) await settled(socket);
});

test('socketsJoin, socketsLeave, join, leave, localSockets and allRooms', async () => {
  await op('socketsJoin', { to: ['y'], rooms: ['new', 'newer'] });
  await op('socketsLeave', { to: ['y'], rooms: ['newer'] });
  await op('join', { socket: a.id, rooms: ['own'] });
  assert.deepEqual(await op('localSockets'), [
    { id: a.id, rooms: [a.id, 'own', 'x'].sort() }, { id: b.id, rooms: [b.id, 'new', 'x', 'y'].sort() },
  ].sort((one, other) => (one.id < other.id ? -1 : 1)));
  assert.deepEqual(await op('allRooms'), [a.id, b.id, 'new', 'own', 'x', 'y'].sort());
  await op('leave', { socket: a.id, rooms: ['own'] });
  await op('socketsLeave', { rooms: ['new'] });
  assert.deepEqual(await op('allRooms'), [a.id, b.id, 'x', 'y'].sort());
  assert.equal(await op('serverCount'), 1);
});

test('fetchSockets and setData show sockets with their handshake', async () => {
  await op('setData', { socket: a.id, data: { n: 7, list: [1] } });
  const [fetched] = await op('fetchSockets', { to: [a.id] });
  assert.deepEqual({ id: fetched.id, rooms: fetched.rooms, data: fetched.data },
    { id: a.id, rooms: [a.id, 'x'].sort(), data: { n: 7, list: [1] } });
  const { handshake } = fetched;
  for (const name of ['headers', 'time', 'address', 'xdomain', 'secure', 'issued', 'url', 'query', 'auth']) {
    assert.ok(name in handshake, name);
  }
  assert.equal(handshake.address, '127.0.0.1');
  assert.equal(handshake.query.EIO, '4');
  assert.equal(handshake.secure, false);
  assert.deepEqual(handshake.auth, {});
  assert.ok(Math.abs(Date.parse(handshake.time) - handshake.issued) < 1000);
  const both = await op('fetchSockets');
  assert.deepEqual(both.map(({ id }) => id), [a.id, b.id].sort());
});

test('server-side events of a server that is alone reach nobody', async () => {
  assert.equal(await op('serverSideEmit', { args: ['sse', 1] }), null);
  assert.deepEqual(await op('serverSideEmitWithAck', { args: ['sse-ack', 1] }), { error: null, responses: [] });
  assert.deepEqual(await op('sseLog'), []);
});

test('an operation that throws, or is unknown, says so', async () => {
  await assert.rejects(op('emit', { args: ['disconnect'] }), /reserved/);
  await assert.rejects(op('serverSideEmit', { args: ['connection'] }), /reserved/);
  await assert.rejects(op('emit', {}));
  await assert.rejects(op('emit', { args: [] }));
  await assert.rejects(op('socketEmit', { socket: 'nobody', args: ['e'] }));
  await assert.rejects(op('nonsense'), /nonsense/);
  assert.equal(await got('nothing'), '');
});

test('disconnectSockets ends the namespace, or the connection', async () => {
  const reason = (socket) => new Promise((resolve) => socket.once('disconnect', resolve));
  const [c, d] = [await connected(server, '/custom', { transports }), await connected(server, '/custom', { transports })];
  const ended = reason(c);
  await op('disconnectSockets', { nsp: '/custom', to: [c.id] });
  assert.equal(await ended, 'io server disconnect');
  const closed = reason(d);
  await op('disconnectSockets', { nsp: '/custom', close: true });
  assert.equal(await closed, 'io server disconnect');
  assert.deepEqual(await op('localSockets', { nsp: '/custom' }), []);
  assert.equal((await op('localSockets')).length, 2);
});
