// The Engine.IO layer of the server in front of the official client and of `ws`, over real sockets. ENGINE_ECHO names the server.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { start } from './children.mjs';
import { official } from './packages.mjs';

const { Socket } = official('engine.io-client');
const WebSocket = official('ws');

let server, port;
const closed = [];       // what the server said of sessions that ended
const waiting = [];      // who waits for the next such line

before(async () => {
  server = start(process.env.ENGINE_ECHO, [], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: server.stdout });
  [port] = await once(lines, 'line');
  lines.on('line', (line) => {
    closed.push(line.replace('closed: ', ''));
    waiting.splice(0).forEach((wake) => wake());
  });
});

after(async () => {
  server.stdin.end();
  assert.equal(await server.exited, 0);
});

async function nextClosed() {
  while (closed.length === 0) await new Promise((resolve) => waiting.push(resolve));
  return closed.shift();
}

async function open(transports) {
  const socket = new Socket(`http://127.0.0.1:${port}`, { path: '/engine.io/', transports });
  await Promise.race([once(socket, 'open'), once(socket, 'error').then(([error]) => { throw error; })]);
  return socket;
}

async function leave(socket) {
  socket.close();
  assert.equal(await nextClosed(), 'transport close');
}

/** Sends everything at once and returns what comes back. */
async function echo(socket, messages) {
  const answers = [];
  const all = new Promise((resolve) => socket.on('message', (answer) => {
    answers.push(answer);
    if (answers.length === messages.length) resolve();
  }));
  for (const message of messages) socket.send(message);
  await all;
  return answers;
}

const manyMessages = Array.from({ length: 2000 }, (_, index) => (index % 10 ? `message ${index} ä 🎈` : Buffer.from([index & 255, 0, 255])));

for (const [name, transports] of [['polling only', ['polling']], ['WebSocket only', ['websocket']],
  ['polling, then upgraded', ['polling', 'websocket']]]) {
  test(`${name}: texts and binary come back in order, each once`, async () => {
    const socket = await open(transports);
    const answers = await echo(socket, manyMessages);
    assert.deepEqual(answers.map((answer) => (typeof answer === 'string' ? answer : Buffer.from(answer))), manyMessages);
    await leave(socket);
  });
}

test('an upgrade in the middle of traffic loses and doubles nothing', async () => {
  const socket = await open(['polling', 'websocket']);
  const answers = [];
  socket.on('message', (answer) => answers.push(answer));
  let sent = 0, upgraded = false;
  socket.on('upgrade', () => { upgraded = true; });
  while (!upgraded || sent < 200) {
    socket.send(String(sent++));
    await new Promise(setImmediate);
  }
  while (answers.length < sent) await once(socket, 'message');
  assert.deepEqual(answers, Array.from({ length: sent }, (_, index) => String(index)));
  await leave(socket);
});

test('heartbeats keep a silent session open; one that does not answer them is closed', async () => {
  const socket = await open(['websocket']);
  for (let pings = 0; pings < 3; pings++) await once(socket, 'ping');
  assert.equal(socket.readyState, 'open');
  await leave(socket);

  const deaf = new WebSocket(`ws://127.0.0.1:${port}/engine.io/?EIO=4&transport=websocket`);
  await once(deaf, 'close');
  assert.equal(await nextClosed(), 'ping timeout');
});

test('a WebSocket message above the limit closes with 1009, junk with a parse error', async () => {
  const large = new WebSocket(`ws://127.0.0.1:${port}/engine.io/?EIO=4&transport=websocket`);
  await once(large, 'open');
  large.send(`4${'x'.repeat(1_000_001)}`);
  const [code] = await once(large, 'close');
  assert.equal(code, 1009);
  assert.equal(await nextClosed(), 'transport error');

  const junk = new WebSocket(`ws://127.0.0.1:${port}/engine.io/?EIO=4&transport=websocket`);
  await once(junk, 'open');
  junk.send('abc');
  await once(junk, 'close');
  assert.equal(await nextClosed(), 'parse error');
});

test('request errors have the codes and messages of the protocol', async () => {
  const ask = async (query, options) => {
    const response = await fetch(`http://127.0.0.1:${port}/engine.io/?${query}`, options);
    return [response.status, await response.json()];
  };
  assert.deepEqual(await ask('EIO=4&transport=polling&sid=nobody'), [400, { code: 1, message: 'Session ID unknown' }]);
  assert.deepEqual(await ask('EIO=4&transport=smoke'), [400, { code: 0, message: 'Transport unknown' }]);
  assert.deepEqual(await ask('EIO=4&transport=polling', { method: 'POST' }), [400, { code: 2, message: 'Bad handshake method' }]);
  assert.deepEqual(await ask('EIO=4&transport=websocket'), [400, { code: 3, message: 'Bad request' }]);
  assert.deepEqual(await ask('EIO=3&transport=polling'), [400, { code: 5, message: 'Unsupported protocol version' }]);
});
