// Every row of what examples/conformance_server.cpp promises, asked by official clients over each transport.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { end } from './children.mjs';
import { ask, connected, next, open, settled, startServer } from './conformance.mjs';
import { official } from './packages.mjs';

const { io: io4 } = official('socket.io-client');
const io2 = official('socket.io-client-2');
const { io: io3 } = official('socket.io-client-3');
const msgpackParser = official('socket.io-msgpack-parser');
const binary = Buffer.from([0, 1, 254, 255]);
const values = [1, -2.5, 'zwei ä 🎈 \u2028', '', null, true, [1, [2, { a: [] }]], { a: { b: [] }, 'ключ': 'значение' }, binary,
  { inside: [binary, 'x', binary] }];
const transportsOf = { 'polling only': ['polling'], 'WebSocket only': ['websocket'], 'with an upgrade': ['polling', 'websocket'] };

function rows(name, { io, generation = 4, server: env, client, transports }) {
  describe(name, { concurrency: false }, () => {
    let server;
    before(async () => { server = await startServer(env); });
    after(() => end(server.child));
    const options = { transports, ...client };
    const join = (nsp = '/', more = {}) => connected(server, nsp, { ...options, ...more }, io);

    for (const nsp of ['/', '/custom']) {
      test(`${nsp}: greets with the auth, sends back, acknowledges`, async () => {
        const withAuth = generation > 2;
        const socket = withAuth ? await join(nsp, { auth: { token: 'ä', list: [1] } })
          : await join(nsp === '/' ? nsp : `${nsp}?token=ä&b=2`);
        const root = !withAuth && nsp === '/';
        assert.deepEqual(await next(socket), [['auth', withAuth ? { token: 'ä', list: [1] } : root ? {} : { token: 'ä', b: '2' }]]);
        socket.emit('message', ...values);
        assert.deepEqual(await next(socket), [['message-back', ...values]]);
        socket.emit('message');
        assert.deepEqual(await next(socket), [['message-back']]);
        assert.deepEqual(await ask(socket, 'message-with-ack', ...values), values);
        assert.deepEqual(await ask(socket, 'message-with-ack'), []);
        socket.disconnect();
      });

      test(`${nsp}: joins, leaves, tells who it is, broadcasts to the others`, async () => {
        const [a, b] = [await join(nsp), await join(nsp)];
        for (const socket of [a, b]) await next(socket);
        const [{ id, node }] = await ask(a, 'whoami');
        assert.equal(node, 'node');
        assert.equal(a.id, id);
        assert.deepEqual(await ask(a, 'join', ['y', 'x']), [[id, 'x', 'y'].sort()]);
        assert.deepEqual(await ask(a, 'leave', ['y', 'nowhere']), [[id, 'x'].sort()]);
        a.emit('broadcast', 'news', ...values);
        assert.deepEqual(await next(b), [['news', ...values]]);
        assert.deepEqual(await settled(a), []);
        a.disconnect();
        b.disconnect();
      });
    }

    test('refuses who is to be refused, and namespaces that are not there; the connection stays', async () => {
      const refused = async (socket) => {
        const error = await new Promise((resolve) => {
          socket.on('connect_error', resolve);
          if (generation === 2) socket.on('error', resolve);
        });
        socket.disconnect();
        return error;
      };
      const unknown = await refused(open(server, '/nope', options, io));
      assert.equal(unknown.message ?? unknown, 'Invalid namespace');
      if (generation > 2) {
        const denied = await refused(open(server, '/', { ...options, auth: { deny: true } }, io));
        assert.equal(denied.message, 'denied');
        assert.deepEqual(denied.data, { code: 'E_DENIED' });
      }
    });

    test('thousands of messages in both directions keep their order, each once', async () => {
      const socket = await join();
      await next(socket);
      const count = 2000;
      for (let i = 0; i < count; i++) socket.emit('message', i, i % 7 ? 'ä' : binary);
      const came = await next(socket, count);
      assert.deepEqual(came, Array.from({ length: count }, (_, i) => ['message-back', i, i % 7 ? 'ä' : binary]));
      assert.deepEqual(await settled(socket), []);
      socket.disconnect();
    });
  });
}

for (const [name, transports] of Object.entries(transportsOf)) {
  rows(`socket.io-client 4, ${name}`, { io: io4, transports });
  rows(`socket.io-client 3, ${name}`, { io: io3, transports });
  rows(`socket.io-client 2, ${name}`, { io: io2, generation: 2, server: { ALLOW_EIO3: '1' }, transports });
}
rows('socket.io-msgpack-parser', { io: io4, server: { PARSER: 'msgpack' }, client: { parser: msgpackParser } });

test('an upgrade in the middle of traffic in both directions loses and doubles nothing', async () => {
  const server = await startServer();
  const socket = open(server, '/', { transports: ['polling', 'websocket'] });
  await next(socket);
  const { engine } = socket.io;
  let sent = 0;
  while (engine.transport.name !== 'websocket' || sent < 500) {
    socket.emit('message', sent++);
    await new Promise(setImmediate);
  }
  assert.deepEqual(await next(socket, sent), Array.from({ length: sent }, (_, i) => ['message-back', i]));
  assert.deepEqual(await settled(socket), []);
  socket.disconnect();
  await end(server.child);
});
