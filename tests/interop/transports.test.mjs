// socketio-emit into fleets of official servers on every transport: each operation, as real clients and servers see it.

import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { AnyFleet, kinds } from './any_fleet.mjs';
import { run } from './children.mjs';
import { startRedis } from './fleet.mjs';

if (!process.env.SOCKETIO_EMIT) test('transports', { skip: 'SOCKETIO_EMIT does not name a socketio-emit' }, () => {});
else for (const kindName of Object.keys(kinds)) describe(`a ${kindName} fleet`, () => {
  let redis;
  let fleet;

  before(async () => {
    redis = await startRedis();
    fleet = await AnyFleet.start(kindName, redis.url);
  });
  after(async () => {
    await fleet?.close();
    await redis?.close();
  });
  afterEach(() => fleet.take());

  /** Runs the tool, and returns its summary and what everybody got. */
  async function emit(...args) {
    const result = await fleet.tool(args);
    assert.equal(result.status, 0, result.stderr);
    await fleet.settle();
    return { summary: JSON.parse(result.stdout.trimEnd().split('\n').at(-1)), ...fleet.take() };
  }

  test('an event to everybody', async () => {
    const { received, summary } = await emit('news', '{"a":[1,null,"ü"]}');
    const event = ['news', { a: [1, null, 'ü'] }];
    assert.deepStrictEqual(received, { ada: [event], ben: [event], cleo: [event] });
    assert.equal(summary.sent, 1);
    if (fleet.kind.driver.transport === 'streams') assert.equal(summary.receivers_unknown, 1);
    else assert.equal(summary.receivers_min, 2);
  });

  test('without a word about the transport, it is found, with the number of streams; a wrong one is refused', async () => {
    const { transport } = fleet.kind.driver;
    const result = await fleet.plainTool(['news', '1']);
    assert.equal(result.status, 0, result.stderr);
    await fleet.settle();
    assert.deepStrictEqual(fleet.take().received, { ada: [['news', 1]], ben: [['news', 1]], cleo: [['news', 1]] });
    for (const wrong of ['classic', 'sharded', 'streams'].filter((one) => one !== transport)) {
      const refused = await fleet.plainTool(['--transport', wrong, 'news', '2']);
      assert.equal(refused.status, 2, refused.stderr);
      assert.ok(refused.stderr.includes(`Use --transport ${transport}`), refused.stderr);
    }
    await fleet.settle();
    assert.deepStrictEqual(fleet.take().received, {});
  });

  test('to one room, to several without another, to one client', async () => {
    assert.deepStrictEqual((await emit('-t', 'kitchen', 'order', '42')).received,
      { ada: [['order', 42]], ben: [['order', 42]] });
    assert.deepStrictEqual((await emit('-t', 'kitchen', '-t', 'office', '-x', 'office', 'order', '1')).received,
      { ada: [['order', 1]] });
    assert.deepStrictEqual((await emit('-t', fleet.clients.ben.id, 'hello')).received, { ben: [['hello']] });
  });

  test('in a namespace, with flags, with binary', async () => {
    assert.deepStrictEqual((await emit('-n', 'admin', '-t', 'kitchen', 'alert')).received, { dora: [['alert']] });
    assert.deepStrictEqual((await emit('--volatile', '--no-compress', '-t', 'office', 'tick')).received,
      { ben: [['tick']], cleo: [['tick']] });
    assert.deepStrictEqual((await emit('photo', '{"$binary":"AQID/w=="}', '{"in":{"$binary":"AA=="}}')).received.ada,
      [['photo', Buffer.from([1, 2, 3, 255]), { in: Buffer.from([0]) }]]);
  });

  test('clients join and leave rooms', async () => {
    await emit('-t', 'kitchen', '--join', 'busy', '--join', 'late');
    // Two rooms: servers of a dynamic sharded fleet may not have subscribed to the channel of one yet.
    assert.deepStrictEqual((await emit('-t', 'busy', '-t', 'nobody', 'hurry')).received,
      { ada: [['hurry']], ben: [['hurry']] });
    await emit('-t', 'office', '--leave', 'busy');
    assert.deepStrictEqual((await emit('-t', 'busy', '-t', 'nobody', 'hurry')).received, { ada: [['hurry']] });
  });

  test('an event to the servers', async () => {
    const { received, heard } = await emit('--server-side', 'refresh', '"prices"');
    assert.deepStrictEqual(received, {});
    assert.deepStrictEqual(heard, [[['/', 'refresh', 'prices']], [['/', 'refresh', 'prices']]]);
  });

  test('auto finds the transport', async () => {
    const result = await fleet.tool(['--transport', 'auto', '-v', 'news']);
    assert.equal(result.status, 0, result.stderr);
    assert.match(result.stderr, new RegExp(`The fleet uses the transport ${fleet.kind.driver.transport}`));
  });

  test('a client is thrown out', async () => {
    const { ada } = fleet.clients;
    await emit('-t', ada.id, '--disconnect', '--close');
    assert.equal(ada.gone, true);
    assert.equal(fleet.clients.ben.gone, false);
  });
});

describe('a fleet that is being moved', { skip: process.env.SOCKETIO_EMIT ? false : 'SOCKETIO_EMIT does not name a socketio-emit' }, () => {
  let redis;
  const fleets = {};

  before(async () => {
    redis = await startRedis();
    for (const kind of ['classic', 'sharded', 'streams']) fleets[kind] = await AnyFleet.start(kind, redis.url);
  });
  after(async () => {
    for (const fleet of Object.values(fleets)) await fleet.close();
    await redis?.close();
  });

  const emit = (transports, args, input = []) => run(process.env.SOCKETIO_EMIT,
    ['--output', 'json', '--redis', redis.url, '--transport', transports, ...args],
    { env: { PATH: process.env.PATH }, input: input.map((line) => `${JSON.stringify(line)}\n`).join('') });

  test('gets each event on all transports that are named, every client once', async () => {
    for (const named of [['classic', 'streams'], ['sharded', 'classic'], ['streams', 'sharded', 'classic']]) {
      const result = await emit(named.join(','), ['--input', '-'], [{ event: 'news', args: [1] }, { event: 'order', args: [2], to: ['kitchen'] }]);
      assert.equal(result.status, 0, result.stderr);
      assert.equal(JSON.parse(result.stdout).sent, 2);
      const [all, some] = [['news', 1], ['order', 2]];
      for (const [kind, fleet] of Object.entries(fleets)) {
        await fleet.settle();
        assert.deepStrictEqual(fleet.take().received,
          named.includes(kind) ? { ada: [all, some], ben: [all, some], cleo: [all] } : {}, `${named} ${kind}`);
      }
    }
  });

  test('gets server-side events, unless they would end servers of the other kind', async () => {
    assert.equal((await emit('classic,sharded', ['--server-side', 'refresh', '1'])).status, 0);
    const refused = await emit('classic,streams', ['--server-side', 'refresh', '2']);
    assert.equal(refused.status, 1);
    assert.match(refused.stderr, /would end classic servers/);
    for (const [kind, fleet] of Object.entries(fleets)) {
      await fleet.settle();
      const heard = kind === 'streams' ? [] : [['/', 'refresh', 1]];
      assert.deepStrictEqual(fleet.take().heard, [heard, heard], kind);
    }
  });

  test('is not guessed at: auto names what it found, and sends nothing', async () => {
    const result = await fleets.classic.tool(['--transport', 'auto', 'news']);
    assert.equal(result.status, 1);
    assert.match(result.stderr, /classic .*, sharded .* and streams /);
    for (const fleet of Object.values(fleets)) {
      await fleet.settle();
      assert.deepStrictEqual(fleet.take().received, {});
    }
  });
});
