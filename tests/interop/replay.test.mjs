// A recording of one fleet of official servers, played into another one on another transport: clients there get the same.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { AnyFleet } from './any_fleet.mjs';
import { end, start } from './children.mjs';
import { startRedis } from './fleet.mjs';
import { Tap, until } from './inspected_fleet.mjs';

/** What all clients were told, without what is volatile: who is not ready at that moment misses it. */
const withoutTicks = (received) => Object.fromEntries(Object.entries(received).map(([name, events]) =>
  [name, events.filter(([event]) => event !== 'tick')]));

const missing = process.env.SOCKETIO_EMIT && process.env.SOCKETIO_FLEET ? undefined : 'SOCKETIO_EMIT or SOCKETIO_FLEET is not set';

if (missing) test('replay', { skip: missing }, () => {});
else for (const [from, to] of [['classic', 'sharded'], ['sharded', 'streams'], ['streams', 'classic']]) describe(`from ${from} to ${to}`, () => {
  let folder;
  let file;
  const open = [];  // what has to be closed, the last first

  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'socketio-replay-'));
    file = path.join(folder, 'fleet.ndjson');
  });
  afterEach(async () => {
    for (const one of open.splice(0).reverse()) await one();
  });
  after(() => rmSync(folder, { recursive: true }));

  async function fleetOf(kind) {
    const redis = await startRedis();
    open.push(() => redis.close());
    const fleet = await AnyFleet.start(kind, redis.url);
    open.push(() => fleet.close());
    return fleet;
  }
  const recorded = () => readFileSync(file, 'utf8').split('\n').filter((line) => line !== '' && !line.includes('"settled"'));

  /** Starts a replay; `say` gives it lines. */
  function replay(fleet, ...options) {
    const child = start(process.env.SOCKETIO_EMIT,
      ['--output', 'json', '--redis', fleet.url, ...fleet.kind.tool, ...options, '--replay', '-'],
      { env: { PATH: process.env.PATH }, stdio: ['pipe', 'pipe', 'inherit'] });
    open.push(() => end(child));
    let out = '';
    child.stdout.setEncoding('utf8').on('data', (text) => (out += text));
    return {
      say: (lines) => child.stdin.write(lines.map((line) => `${line}\n`).join('')),
      async finish() {
        child.stdin.end();
        const status = await child.exited;
        return { status, ...JSON.parse(out) };
      },
    };
  }

  test('events, arguments, binary, rooms, flags, namespaces, operations, in their order', async () => {
    const original = await fleetOf(from);
    const tap = await Tap.start(original, ['--transport', from, '--record', file]);
    open.push(() => tap.end('SIGKILL'));
    const { io } = original.servers[0];
    const other = original.servers[1].io;
    const acts = [
      () => io.emit('news', 'ß🎈', 1.5, null, { deep: [[{}]], big: 2 ** 53 }),
      () => other.to('kitchen').emit('photo', Buffer.from([0, 1, 255]), { in: [Buffer.alloc(300, 7)] }),
      () => io.to(['kitchen', 'office']).except('office').compress(false).emit('some', true),
      () => other.volatile.emit('tick', 1),
      () => io.of('/admin').to('kitchen').emit('alert', []),
      () => io.in('office').socketsJoin([42, 'busy']),
      () => other.to(42).to('nobody').emit('number', -7),
      () => io.in('kitchen').socketsLeave('busy'),
      () => io.to('busy').to('nobody').emit('text', '7'),
      () => other.of('/').serverSideEmit('refresh', 'prices'),
      () => other.of('/admin').in('kitchen').disconnectSockets(),
    ];
    for (const act of acts) {  // one after the other: three servers say them, and their order is to be known
      act();
      await original.settle();
    }
    for (let n = 0; n < 200; ++n) io.emit('n', n);
    await until(() => recorded().at(-1)?.includes('"args":[199]'), 'the record does not end');
    await original.settle();
    const expected = original.take();
    const lines = recorded();
    assert.equal(lines.length, acts.length + 200);
    const times = lines.map((line) => JSON.parse(line).at_ms);
    assert.deepEqual(times, [...times].sort((a, b) => a - b));

    const copy = await fleetOf(to);
    const played = replay(copy, '--speed', '4');
    let marker = 1_000_000;  // behind the fleet's own
    const play = async (some) => {
      const { at_ms } = JSON.parse(some.at(-1));
      ++marker;
      const markers = ['/', '/admin'].map((nsp) => JSON.stringify({ at_ms, nsp, event: 'settled', args: [marker] }));
      played.say([...some, ...markers]);
      await until(() => Object.values(copy.clients).every(({ gone, marker: last }) => gone || last === marker),
        () => `not played: ${some[0]}`);
    };
    for (const line of lines.slice(0, acts.length)) await play([line]);
    await play(lines.slice(acts.length));
    const summary = await played.finish();
    assert.deepEqual([summary.status, summary.sent, summary.failed], [0, lines.length + 2 * (acts.length + 1), 0]);
    const { received, heard } = copy.take();
    assert.equal(JSON.parse(lines[3]).volatile, true);
    assert.deepStrictEqual(withoutTicks(received), withoutTicks(expected.received));
    assert.equal(received.ada.at(-1)[1], 199);
    const refreshed = [['/', 'refresh', 'prices']];
    assert.deepStrictEqual(expected.heard, [refreshed, []]);
    assert.deepStrictEqual(heard, [refreshed, refreshed]);  // nobody in that fleet has said it
    assert.deepEqual([original.clients.dora.gone, copy.clients.dora.gone, copy.clients.ben.gone], [true, true, false]);
  });
});
