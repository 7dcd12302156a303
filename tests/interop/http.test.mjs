// Routes, hooks, CORS and admission of our server, in front of plain HTTP clients and official ones; what clients and proxies
// can see is compared with an official server that has the same options. HTTP_SERVER names ours.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { spawnSync } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { end, start } from './children.mjs';
import { freePort, until } from './fleet.mjs';
import { official } from './packages.mjs';

const { Server } = official('socket.io');
const { io } = official('socket.io-client');

/** Options of the official server by the names that http_server.cpp has for them. */
const variants = {
  off: undefined,
  text: { origin: 'http://a.example', credentials: true },
  list: { origin: ['http://a.example', 'http://b.example'] },
  any: { origin: '*' },
  reflected: { origin: true, credentials: true },
  allowed: { origin: (origin, done) => done(null, Boolean(origin?.endsWith('.example'))), credentials: true },
  full: { origin: ['http://a.example', 'http://b.example'], methods: ['GET', 'POST'], allowedHeaders: ['x-one', 'x-two'],
    exposedHeaders: ['x-trace'], maxAge: 600, optionsSuccessStatus: 200 },
};

async function startOurs(variant, env = {}) {
  const child = start(process.env.HTTP_SERVER, [variant],
    { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, ...env } });
  const lines = createInterface({ input: child.stdout });
  const [port] = await once(lines, 'line');
  const errors = [];
  const waiting = [];
  lines.on('line', (line) => {
    const wake = waiting.shift();
    if (wake) wake(line); else errors.push(line);
  });
  const nextError = () => (errors.length > 0 ? errors.shift() : new Promise((resolve) => waiting.push(resolve)));
  const stop = async () => {
    child.stdin.end();
    assert.equal(await child.exited, 0);
  };
  return { port: Number(port), nextError, stop };
}

async function startOfficial(variant) {
  const http = createServer((req, res) => res.writeHead(404).end());
  const server = new Server(http, {
    ...(variants[variant] && { cors: variants[variant] }),
    cookie: { name: 'node', path: '/app', secure: true, sameSite: 'none', maxAge: 86400 },
    serveClient: false,
    allowRequest: (req, done) => done(...(req._query.token === 'wrong' ? ['not you', false] : [null, true])),
  });
  const errors = [];
  const waiting = [];
  server.engine.use((req, res, next) => {
    res.setHeader('X-Hook', req.method);
    next(req._query.hook === 'fail' ? new Error('no') : undefined);
  });
  server.engine.on('initial_headers', (headers) => { headers['X-Initial'] = '1'; });
  server.engine.on('headers', (headers, req) => { headers['X-Every'] = req._query.transport; });
  server.engine.on('connection_error', ({ code, message, context }) => {
    const line = [code, message, ...Object.entries(context).map(([name, value]) => `${name}=${value}`)].join('|');
    const wake = waiting.shift();
    if (wake) wake(line); else errors.push(line);
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const nextError = () => (errors.length > 0 ? errors.shift() : new Promise((resolve) => waiting.push(resolve)));
  return { port: http.address().port, nextError, stop: () => new Promise((resolve) => server.close(resolve)) };
}

function ask(port, method, path, headers = {}, body = undefined, more = {}) {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, method, path, headers, agent: false, ...more }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (piece) => { text += piece; });
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body: text }));
    });
    sent.on('upgrade', (response, socket) => {
      socket.destroy();
      resolve({ status: response.statusCode, headers: response.headers, body: '' });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

const upgrade = {
  connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13', 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
};
const polling = '/socket.io/?EIO=4&transport=polling';
const websocket = '/socket.io/?EIO=4&transport=websocket';

/** What a client or a proxy sees of a response, without ids. */
function seen({ status, headers, body }) {
  const names = Object.keys(headers).filter((name) => name.startsWith('access-control-') || name.startsWith('x-')).sort();
  const lists = ['access-control-allow-methods', 'access-control-allow-headers', 'access-control-expose-headers'];
  return {
    status,
    headers: Object.fromEntries(names.map((name) => [name, lists.includes(name) ? headers[name].split(/, */) : headers[name]])),
    vary: (headers.vary ?? '').split(/, */).filter(Boolean).sort(),
    cookie: headers['set-cookie']?.map((cookie) => cookie.replace(/=[\w-]{20};/, '=(sid);')),
    body: body.replace(/"sid":"[\w-]+"/, '"sid":"(sid)"'),
  };
}

const cases = [
  ['GET', polling, {}],
  ['GET', polling, { origin: 'http://a.example' }],
  ['GET', polling, { origin: 'http://b.example' }],
  ['GET', polling, { origin: 'http://c.test' }],
  ['GET', polling, { origin: 'null' }],
  ['OPTIONS', polling, { origin: 'http://a.example', 'access-control-request-method': 'POST' }],
  ['OPTIONS', polling, { origin: 'http://a.example', 'access-control-request-headers': 'x-one,x-three' }],
  ['OPTIONS', polling, { origin: 'http://c.test', 'access-control-request-headers': 'x-one' }],
  ['OPTIONS', polling, {}],
  ['GET', '/socket.io/?EIO=4&transport=nothing', { origin: 'http://a.example' }],
  ['GET', `${polling}&token=wrong`, { origin: 'http://a.example' }],
  ['POST', polling, { origin: 'http://a.example' }],
  ['GET', websocket, { origin: 'http://a.example', ...upgrade }],
  ['GET', websocket, { origin: 'http://c.test', ...upgrade }],
];

for (const variant of Object.keys(variants)) {
  test(`CORS "${variant}": responses are those of an official server`, async () => {
    const [ours, theirs] = await Promise.all([startOurs(variant), startOfficial(variant)]);
    for (const [method, path, headers] of cases) {
      const name = `${method} ${path} ${headers.origin ?? ''}`;
      const mine = seen(await ask(ours.port, method, path, headers));
      const yours = seen(await ask(theirs.port, method, path, headers));
      // A cache must not give the response for a refused origin to an allowed one: ours always says that they differ.
      if (variant === 'allowed') yours.vary = [...new Set([...yours.vary, 'Origin'])].sort();
      assert.deepEqual(mine, yours, name);
    }
    await Promise.all([ours.stop(), theirs.stop()]);
  });
}

describe('admission, hooks and routes', () => {
  let ours, theirs;
  before(async () => { [ours, theirs] = await Promise.all([startOurs('text'), startOfficial('text')]); });
  after(() => Promise.all([ours.stop(), theirs.stop()]));

  test('connection_error has the code, the text and the details of the official server', async () => {
    for (const [method, path, headers] of [
      ['GET', '/socket.io/?EIO=4&transport=x', {}],
      ['GET', `${polling}&sid=abc`, {}],
      ['POST', polling, {}],
      ['GET', websocket, {}],
      ['GET', `${polling}&token=wrong`, {}],
      ['GET', `${websocket}&token=wrong`, upgrade],
      ['GET', '/socket.io/?EIO=3&transport=polling', {}],
      ['GET', `${polling}&hook=fail`, {}],
    ]) {
      const [mine, yours] = await Promise.all([ours, theirs].map(({ port }) => ask(port, method, path, headers)));
      assert.deepEqual([mine.status, mine.body], [yours.status, yours.body], path);
      assert.equal(await ours.nextError(), await theirs.nextError(), path);
    }
  });

  test('a refusal with a status and a code of its own, and one that does not come', async () => {
    const expired = await ask(ours.port, 'GET', `${polling}&token=expired`);
    assert.deepEqual([expired.status, JSON.parse(expired.body)], [401, { code: 42, message: 'token expired' }]);
    assert.equal(await ours.nextError(), '42|Forbidden|message=token expired');
    const late = await ask(ours.port, 'GET', `${polling}&token=never`);
    assert.equal(late.status, 503);
    assert.equal(await ours.nextError(), '4|Forbidden|message=No decision in time');
  });

  for (const transports of [['polling'], ['websocket'], ['polling', 'websocket']]) {
    test(`official clients by ${transports.join(', then ')} are let in by another thread, or told why not`, async () => {
      const url = `http://127.0.0.1:${ours.port}`;
      const extraHeaders = { 'x-forwarded-for': '6.6.6.6, 192.0.2.1' };
      const socket = io(url, { transports, forceNew: true, reconnection: false, extraHeaders });
      const [address] = await once(socket, 'address');
      assert.equal(address, '192.0.2.1');
      assert.equal(await socket.timeout(10_000).emitWithAck('echo', 'hello'), 'hello');
      const rest = once(socket, 'rest');
      const posted = await fetch(`${url}/emit`, { method: 'POST', body: '{"a":[1]}' });
      assert.equal(posted.status, 202);
      assert.deepEqual(await rest, [{ a: [1] }]);
      socket.disconnect();
      const refused = io(url, { transports, forceNew: true, reconnection: false, query: { token: 'wrong' } });
      const [error] = await once(refused, 'connect_error');
      assert.match(error.message, transports[0] === 'polling' ? /xhr poll error/ : /websocket error/);
      assert.equal(await ours.nextError(), '4|Forbidden|message=not you');
    });
  }

  test('routes: parameters, bodies, pieces, another thread, and what is not routed', async () => {
    const url = `http://127.0.0.1:${ours.port}`;
    const user = await fetch(`${url}/users/a%20b`, { headers: { 'x-forwarded-for': '192.0.2.1' } });
    assert.equal(user.headers.get('x-hook'), 'GET');
    assert.deepEqual(await user.json(), { id: 'a b', address: '192.0.2.1' });
    const echoed = await fetch(`${url}/echo`, { method: 'POST', body: 'hello' });
    assert.deepEqual([echoed.status, await echoed.text()], [201, 'hello']);
    const large = await fetch(`${url}/echo`, { method: 'POST', body: 'x'.repeat(10_001) });
    assert.equal(large.status, 413);
    const counted = await fetch(`${url}/count`, { method: 'POST', body: new Uint8Array(20_000_000) });
    assert.equal(await counted.text(), '20000000');
    const streamed = await fetch(`${url}/count`, { method: 'POST', duplex: 'half', body: new ReadableStream({
      start(controller) {
        for (let piece = 0; piece < 50; ++piece) controller.enqueue(new Uint8Array(1000));
        controller.close();
      } }) });
    assert.equal(await streamed.text(), '50000');
    assert.equal(await (await fetch(`${url}/later`)).text(), 'later');
    assert.equal((await fetch(`${url}/nothing`)).status, 404);
    assert.equal((await fetch(`${url}/users/1`, { method: 'DELETE' })).status, 405);
    const head = await fetch(`${url}/users/1`, { method: 'HEAD' });
    assert.deepEqual([head.status, await head.text()], [200, '']);
  });
});

const noHaproxy = spawnSync('haproxy', ['-v'], { stdio: 'ignore' }).error ? 'haproxy is not installed' : false;
for (const sends of ['send-proxy', 'send-proxy-v2']) {
  const name = `behind HAProxy with ${sends}, the server sees the address of the client`;
  test(name, { skip: noHaproxy, timeout: 60_000 }, async () => {
    const server = await startOurs('off', { PROXY_PROTOCOL: '1' });
    const folder = mkdtempSync(join(tmpdir(), 'haproxy-'));
    const port = await freePort();
    writeFileSync(join(folder, 'haproxy.cfg'), [
      'defaults', '  mode tcp', '  timeout connect 5s', '  timeout client 30s', '  timeout server 30s',
      'listen tcp', `  bind 127.0.0.1:${port}`, `  server one 127.0.0.1:${server.port} ${sends}`, ''].join('\n'));
    const args = ['-f', join(folder, 'haproxy.cfg'), '-q', '-db'];
    const proxy = start('haproxy', args, { stdio: ['ignore', 'inherit', 'inherit'] });
    const me = () => ask(port, 'GET', '/users/me', { 'x-forwarded-for': '6.6.6.6' }, undefined, { localAddress: '127.0.0.7' });
    await until(() => me().then(({ status }) => status === 200, () => false), 'haproxy did not start');
    assert.equal(JSON.parse((await me()).body).address, '127.0.0.7');
    const socket = io(`http://127.0.0.1:${port}`, { forceNew: true, reconnection: false });
    assert.deepEqual(await once(socket, 'address'), ['127.0.0.1']);
    socket.disconnect();
    await assert.rejects(ask(server.port, 'GET', '/users/me'));
    await end(proxy);
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });
}
