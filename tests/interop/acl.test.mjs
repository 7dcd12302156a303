// Redis users with few rights: the lines of docs/operating.md, word by word, are enough for servers, emitters and taps of each
// transport, and nothing that servers and taps do is refused. A server whose user may not subscribe does not listen, and says why.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { after, afterEach, before, describe, test } from 'node:test';
import { end, run, start } from './children.mjs';
import { clientLibraries, freePort, startRedis, until, within } from './fleet.mjs';
import { official } from './packages.mjs';

const { io: connectClient } = official('socket.io-client');

const missing = process.env.CONFORMANCE_SERVER ? false : 'CONFORMANCE_SERVER does not name a conformance_server';
const timeout = 60_000;
const transports = ['classic', 'sharded', 'streams'];
const env = { PATH: process.env.PATH };

const page = readFileSync(new URL('../../docs/operating.md', import.meta.url), 'utf8');
const lines = { server: [], emitter: [], tap: [] };
for (const [, user, words] of page.matchAll(/^ACL SETUSER (server|emitter|tap) (.*)$/mg)) lines[user].push(words.split(' '));

let redis;
let admin;
const running = [];
const command = (...words) => admin.call(...words);
const as = (user) => redis.url.replace('//', `//${user}:secret@`);

before(async () => {
  redis = await startRedis();
  admin = await clientLibraries.ioredis.connect(redis.url);
});
afterEach(async () => {
  for (const close of running.splice(0).reverse()) await close();
});
after(async () => {
  clientLibraries.ioredis.close(admin);
  await redis.close();
});

/** Makes the user that the page tells of. */
async function grant(user, transport, ...more) {
  const words = lines[user][transports.indexOf(transport)];
  await command('ACL', 'SETUSER', user, 'reset', ...words, ...more);
}

/** Starts our server, which listens once Redis has confirmed everything. */
async function launch(transport) {
  const port = await freePort();
  const child = start(process.env.CONFORMANCE_SERVER, [], {
    env: { ...process.env, ADAPTER: transport, CSR: '1', PORT: String(port), REDIS_URL: as('server') }, stdio: ['ignore', 'inherit', 'pipe'] });
  const server = { url: `http://127.0.0.1:${port}`, child, errors: '' };
  child.stderr.setEncoding('utf8').on('data', (text) => { server.errors += text; });
  running.push(() => end(child));
  server.answers = () => fetch(`${server.url}/socket.io/?EIO=4&transport=polling`).then(({ ok }) => ok, () => false);
  return server;
}

async function client(url) {
  const socket = connectClient(url, { transports: ['websocket'], forceNew: true, reconnection: false });
  running.push(() => socket.disconnect());
  socket.got = [];
  socket.onAny((...event) => socket.got.push(event));
  await within(once(socket, 'connect'), () => 'no connection');
  return socket;
}

async function startServer(transport) {
  const server = await launch(transport);
  await until(async () => await server.answers() || server.errors !== '', 'our server is not ready');
  assert.equal(server.errors, '');
  const control = await client(`${server.url}/control`);
  server.op = async (operation) => {
    const { ok, result, error } = await within(control.emitWithAck('op', operation), () => `no answer: ${operation.op}`);
    assert.ok(ok, error);
    return result;
  };
  return server;
}

/** The classic adapter subscribes by a pattern for each namespace. */
const namespaces = (transport) => (transport === 'classic' ? ['&socket.io#/custom#*', '&socket.io#/control#*'] : []);

describe('the rights of docs/operating.md', () => {
  test('are told for each transport', () => {
    for (const [user, all] of Object.entries(lines)) assert.equal(all.length, transports.length, user);
  });

  for (const transport of transports) {
    test(`are enough: ${transport}`, { skip: missing, timeout }, async () => {
      await command('FLUSHALL');
      for (const user of ['server', 'emitter', 'tap']) await grant(user, transport, ...(user === 'server' ? namespaces(transport) : []));
      await command('ACL', 'LOG', 'RESET');
      const one = await startServer(transport);
      const other = await startServer(transport);
      assert.equal(await one.op({ op: 'serverCount' }), 2);
      const socket = await client(other.url);
      await within(socket.emitWithAck('join', ['room']), () => 'no answer to join');

      const tap = start(process.env.SOCKETIO_FLEET, ['tap', '--redis', as('tap'), '--output', 'json', '--transport', transport,
        '--event', 'news'], { env, stdio: ['ignore', 'pipe', 'pipe'] });
      running.push(() => end(tap));
      let heard = '';
      let notes = '';
      tap.stdout.setEncoding('utf8').on('data', (text) => { heard += text; });
      tap.stderr.setEncoding('utf8').on('data', (text) => { notes += text; });
      await until(() => notes.includes('Listening') || tap.exitCode !== null, 'the tap does not listen');
      assert.equal(tap.exitCode, null, notes);

      const emit = async (...words) => {
        const { status, stderr } = await run(process.env.SOCKETIO_EMIT, ['--redis', as('emitter'), '--transport', transport, ...words], { env });
        assert.equal(status, 0, stderr);
      };
      await one.op({ op: 'emit', to: ['room'], args: ['news', 'from a server'] });
      await until(() => socket.got.some(([name, from]) => name === 'news' && from === 'from a server'), 'the server’s event does not come');
      await emit('--to', 'room', 'news', '"from an emitter"');
      await until(() => socket.got.some(([name, from]) => name === 'news' && from === 'from an emitter'), 'the emitter’s event does not come');
      await until(() => heard.includes('from a server') && heard.includes('from an emitter'), 'the tap hears nothing');
      await emit('--to', 'room', '--join', 'second');
      await until(async () => (await one.op({ op: 'fetchSockets', to: ['second'] })).length === 1, 'the socket does not join');
      await emit('--server-side', 'sse', '1');
      for (const server of [one, other]) await until(async () => (await server.op({ op: 'sseLog' })).length !== 0, 'no server-side event');
      const { responses } = await one.op({ op: 'emitWithAck', to: ['nobody'], args: ['ask'], timeout: 2000 });
      assert.deepEqual(responses, []);

      if (transport === 'streams') {
        const { id } = socket;
        socket.io.engine.close();
        await until(async () => (await one.op({ op: 'fetchSockets' })).length === 0, 'the socket did not go');
        await until(async () => (await admin.keys('sio:session:*')).length === 1, 'the session is not saved');
        socket.io.uri = one.url;
        socket.connect();
        await within(once(socket, 'connect'), () => 'no second connection');
        assert.equal(socket.recovered, true);
        assert.equal(socket.id, id);
      }
      await end(tap);
      // Emitters also look at what helps them where they may (a server's lag); for servers and taps nothing is left over.
      const refused = (await command('ACL', 'LOG')).map((entry) => entry.slice(0, 10).join(' '));
      assert.deepEqual(refused.filter((entry) => !entry.endsWith('username emitter')), []);
    });

    test(`are needed: a server that may not subscribe does not listen, says why, and does so once it may: ${transport}`,
      { skip: missing, timeout }, async () => {
        await grant('server', transport);
        await command('ACL', 'SETUSER', 'server', 'resetchannels');
        const server = await launch(transport);
        await until(() => server.errors.includes('\n'), 'nothing is said');
        assert.match(server.errors, /refused the subscription to the (pattern|channel) "socket\.io.*NOPERM.*ACL SETUSER server \+/);
        assert.equal(await server.answers(), false);
        await grant('server', transport, ...namespaces(transport));
        await until(() => server.answers(), 'it does not listen, though it may');
      });
  }
});
