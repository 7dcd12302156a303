// What only the tool has, as real clients see it: plain strings, files and standard input, lines of text, defaults for a
// batch; and that nothing is sent when something is wrong.

import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { run } from './children.mjs';
import { Fleet, startRedis } from './fleet.mjs';
import { namespaces, people } from './scenarios.mjs';

const tool = process.env.SOCKETIO_EMIT;

if (!tool) test('tool', { skip: 'SOCKETIO_EMIT does not name a socketio-emit' }, () => {});
else describe('socketio-emit', () => {
  let redis;
  let fleet;

  before(async () => {
    redis = await startRedis();
    fleet = await Fleet.start({ redisUrl: redis.url, namespaces });
    await fleet.connect(people);
  });
  after(async () => {
    await fleet?.close();
    await redis?.close();
  });
  afterEach(() => fleet.take());

  /** Runs the tool with the fleet's Redis in the environment, and returns what everybody got. */
  async function emit(args, { input, env } = {}) {
    const environment = { PATH: process.env.PATH, REDIS_URL: redis.url, ...env };
    const result = await run(tool, ['--output', 'json', ...args], { input, env: environment });
    await fleet.settle();
    const lines = result.stdout.trimEnd().split('\n');
    return { ...result, summary: lines.at(-1).startsWith('{') ? JSON.parse(lines.at(-1)) : undefined, ...fleet.take() };
  }
  const succeeds = ({ status, stderr }) => assert.equal(status, 0, stderr);

  test('--string takes all arguments as plain strings', async () => {
    const result = await emit(['--string', '--to', 'kitchen', 'chat', 'hello world', '42', 'true', '{"a":1}', '"q"', '@x']);
    succeeds(result);
    const event = ['chat', 'hello world', '42', 'true', '{"a":1}', '"q"', '@x'];
    assert.deepStrictEqual(result.received, { ada: [event], ben: [event] });
  });

  test('@- is the content of standard input, as binary', async () => {
    const result = await emit(['--to', 'office', 'file', '"a.bin"', '@-'], { input: Buffer.from([0, 10, 13, 255]) });
    succeeds(result);
    const event = ['file', 'a.bin', Buffer.from([0, 10, 13, 255])];
    assert.deepStrictEqual(result.received, { ben: [event], cleo: [event] });
  });

  test('the short and the other names of options mean the same', async () => {
    const rooms = ['-t', 'kitchen', '--room', 'office', '--in', '🦊 den', '-x', '#'];
    const result = await emit(['-n', 'admin', ...rooms, '-s', 'chat', 'hi']);
    succeeds(result);
    assert.deepStrictEqual(result.received, { eve: [['chat', 'hi']], finn: [['chat', 'hi']] });
  });

  test('a negative number needs no -- before it', async () => {
    const result = await emit(['--to', 'kitchen', 'level', '-5', '-1.5e3']);
    succeeds(result);
    assert.deepStrictEqual(result.received.ada, [['level', -5, -1500]]);
  });

  test('--format lines makes each line of the input one string argument', async () => {
    const lines = ['first', '{"not":"parsed"}', ' spaces kept ', 'Grüße 🎈'];
    const input = `${lines.join('\n')}\n`;
    const result = await emit(['--to', 'kitchen', '--input', '-', '--format', 'lines', 'log'], { input });
    succeeds(result);
    assert.deepStrictEqual(result.received.ada, lines.map((line) => ['log', line]));
    assert.deepStrictEqual(Object.keys(result.received), ['ada', 'ben']);
  });

  test('a batch of thousands of lines arrives complete, in order, at the right clients', async () => {
    const count = 5000;
    const room = (index) => (index % 2 ? 'office' : 'kitchen');
    const all = Array.from({ length: count }, (_, n) => n);
    const line = (n) => `${JSON.stringify({ event: 'order', args: [n, 'x'.repeat(n % 300)], to: [room(n)] })}\n`;
    const result = await emit(['--input', '-'], { input: all.map(line).join('') });
    succeeds(result);
    const order = (n) => ['order', n, 'x'.repeat(n % 300)];
    assert.deepStrictEqual(result.received, {
      ada: all.filter((n) => n % 2 === 0).map(order),
      ben: all.map(order),
      cleo: all.filter((n) => n % 2 === 1).map(order),
    });
    const { sent, failed, no_receivers, receivers_min, receivers_median } = result.summary;
    assert.deepEqual({ sent, failed, no_receivers, receivers_min, receivers_median },
      { sent: count, failed: 0, no_receivers: 0, receivers_min: 2, receivers_median: 2 });
  });

  test('options on the command line are defaults for every line of a batch', async () => {
    const input = '{"event":"a"}\n\n{"event":"b","to":["office"]}\n{"event":"c","nsp":"/","to":["team"],"except":[]}\n';
    const result = await emit(['--nsp', '/admin', '--to', 'kitchen', '--input', '-'], { input });
    succeeds(result);
    assert.deepStrictEqual(result.received, { ada: [['c']], ben: [['c']], eve: [['a']], finn: [['a'], ['b']] });
  });

  test('the last line of a batch needs no line feed', async () => {
    const result = await emit(['--input', '-'], { input: '{"event":"a","to":["team"]}\n{"event":"b","rooms":["team"]}' });
    succeeds(result);
    assert.deepStrictEqual(result.received, { ada: [['a'], ['b']], ben: [['a'], ['b']] });
  });

  test('a broken line stops the batch: what is before it arrives, nothing after it', async () => {
    const input = '{"event":"a","to":["team"]}\n{"event":"b","to":["team"]}\n{"event":"c",}\n{"event":"d"}\n';
    const result = await emit(['--input', '-'], { input });
    assert.equal(result.status, 1);
    assert.match(result.stderr, /line 3/);
    assert.deepStrictEqual(result.received, { ada: [['a'], ['b']], ben: [['a'], ['b']] });
  });

  test('--on-error skip reports a broken line and goes on', async () => {
    const input = '{"event":"a","to":["team"]}\n{"event":"b","unknown":1}\n{"event":"c","to":["team"]}\n';
    const result = await emit(['--on-error', 'skip', '--input', '-'], { input });
    assert.equal(result.status, 3);
    assert.match(result.stderr, /line 2/);
    assert.deepStrictEqual(result.received, { ada: [['a'], ['c']], ben: [['a'], ['c']] });
    assert.equal(result.summary.sent, 2);
    assert.equal(result.summary.failed, 1);
  });

  test('Redis can be given as a unix socket, the key in the environment', async () => {
    const wrongKey = await emit(['chat'], { env: { SOCKETIO_REDIS: redis.unixUrl, SOCKETIO_KEY: 'another' } });
    const result = await emit(['--to', 'team', 'chat'], { env: { SOCKETIO_REDIS: redis.unixUrl, SOCKETIO_KEY: 'socket.io' } });
    succeeds(wrongKey);
    succeeds(result);
    assert.equal(wrongKey.summary.no_receivers, 1);
    assert.deepStrictEqual(wrongKey.received, {});
    assert.deepStrictEqual(result.received, { ada: [['chat']], ben: [['chat']] });
  });

  test('--require-receivers fails when fewer servers were reached', async () => {
    const enough = await emit(['--require-receivers', '2', '--to', 'team', 'chat']);
    const tooFew = await emit(['--require-receivers', '3', '--to', 'team', 'chat']);
    succeeds(enough);
    assert.equal(tooFew.status, 4, tooFew.stderr);
  });

  test('--dry-run sends nothing and needs no Redis', async () => {
    const result = await emit(['--dry-run', '--to', 'kitchen', 'chat', '"hi"']);
    const alone = await emit(['--dry-run', '--redis', 'unix:///nowhere/redis.sock', '--to', 'kitchen', 'chat', '"hi"']);
    succeeds(result);
    succeeds(alone);
    assert.match(result.stdout, /socket\.io#\/#kitchen#/);
    assert.deepStrictEqual(result.received, {});
  });

  const refused = [
    ...['connect', 'connect_error', 'disconnect', 'disconnecting', 'newListener', 'removeListener']
      .map((event) => [`the reserved event ${event}`, [event, '1'], new RegExp(event)]),
    ['an argument that is not JSON', ['chat', 'hello'], /hello/],
    ['one bad argument among good ones', ['chat', '1', '{"a":}', '2'], /./],
    ['binary that is not base64', ['chat', '{"$binary":"%%%"}'], /base64/],
    ['a file that is not there', ['chat', '@/nowhere/file'], /\/nowhere\/file/],
    ['an unknown option', ['--rooom', 'x', 'chat'], /rooom/],
    ['no event', [], /./],
  ];
  for (const [name, args, message] of refused) {
    test(`${name} is refused with status 1 and a sentence, nothing is sent`, async () => {
      const result = await emit(args);
      assert.equal(result.status, 1);
      assert.match(result.stderr, message);
      assert.deepStrictEqual(result.received, {});
    });
  }

  test('a Redis that is not there ends with status 2', async () => {
    const result = await emit(['--redis', 'unix:///nowhere/redis.sock', 'chat']);
    assert.equal(result.status, 2);
    assert.match(result.stderr, /nowhere/);
  });
});
