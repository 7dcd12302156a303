// Our server in front of the official clients, the older ones among them. CONFORMANCE_SERVER names it.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { end } from './children.mjs';
import { startServer } from './conformance.mjs';
import { official } from './packages.mjs';

const { io: io4 } = official('socket.io-client');
const io2 = official('socket.io-client-2');
const { io: io3 } = official('socket.io-client-3');
const msgpackParser = official('socket.io-msgpack-parser');
const binary = Buffer.from([0, 1, 254, 255]);
const values = [1, 'zwei ä 🎈', null, true, 2.5, [1, [2]], { a: { b: [] } }];

const ask = (socket, ...event) => new Promise((resolve) => socket.emit(...event, (...answer) => resolve(answer)));
const seen = (args) => args.map((arg) => (arg instanceof Uint8Array ? Buffer.from(arg) : arg));

function clients(name, io, options, { nsp = '/' } = {}) {
  describe(name, () => {
    let server;
    before(async () => { server = await startServer(options.server); });
    after(() => end(server.child));

    for (const transports of [['polling', 'websocket'], ['polling'], ['websocket']]) {
      test(`${transports.join(', then ')}: events, binary, acks, rooms and the end`, async () => {
        const open = () => io(server.url + nsp, { transports, forceNew: true, ...options.client });
        const socket = open();
        await once(socket, 'connect');
        const answer = once(socket, 'message-back');
        socket.emit('message', ...values, binary, { inside: binary });
        assert.deepEqual(seen(await answer).slice(0, -1), [...values, binary]);
        assert.deepEqual(seen(Object.values((await answer).at(-1))), [binary]);
        assert.deepEqual(seen(await ask(socket, 'message-with-ack', ...values, binary)), [...values, binary]);
        assert.ok((await ask(socket, 'join', ['kitchen']))[0].includes('kitchen'));

        const other = open();
        await once(other, 'connect');
        const heard = once(other, 'news');
        socket.emit('broadcast', 'news', 42);
        assert.deepEqual(await heard, [42]);
        if (transports.length > 1) {
          const engine = socket.io.engine;
          if (engine.transport.name !== 'websocket') await once(engine, 'upgrade');
          assert.equal(engine.transport.name, 'websocket');
        }
        other.disconnect();
        socket.disconnect();
      });
    }
  });
}

clients('socket.io-client 4', io4, {});
clients('socket.io-client 4, another namespace', io4, {}, { nsp: '/custom' });
clients('socket.io-client 4, socket.io-msgpack-parser', io4, { server: { PARSER: 'msgpack' }, client: { parser: msgpackParser } });
clients('socket.io-client 3', io3, {});
clients('socket.io-client 2, with allow_eio3', io2, { server: { ALLOW_EIO3: '1' } });
clients('socket.io-client 2, with allow_eio3, another namespace', io2, { server: { ALLOW_EIO3: '1' } }, { nsp: '/custom' });
