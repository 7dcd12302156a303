// Our server among official ones: whatever one of them does, the clients and servers of all others notice as if all were of one
// kind. CONFORMANCE_SERVER names ours, FAMILY one of the transports where not all are wanted.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { run } from './children.mjs';
import { startRedis } from './fleet.mjs';
import { check } from './mixed_check.mjs';
import { MixedFleet, names } from './mixed_fleet.mjs';
import { people, scenarios, unanswered } from './mixed_scenarios.mjs';
import { official } from './packages.mjs';

const { createClient } = official('redis');
const { Emitter } = official('@socket.io/redis-emitter');
const classic = { ADAPTER: 'classic' };
const sharded = (mode) => ({
  title: `sharded, ${mode}`, env: { ADAPTER: 'sharded', SHARDED_MODE: mode }, kinds: [`sharded, ${mode}`, `sharded, ${mode}`],
  can: ['acks', 'serverSide', 'numbers', 'dates', 'count'],
});
const everything = ['acks', 'serverSide', 'numbers', 'dates', 'count', 'rooms'];

/** One line per fleet: what makes ours a member, what the two others are, and what those can do. */
const fleets = [
  { title: 'classic, ioredis', env: classic, kinds: ['adapter 8, ioredis', 'adapter 8, ioredis'], can: everything },
  { title: 'classic, redis', env: classic, kinds: ['adapter 8, redis', 'adapter 8, redis'], can: everything, emitters: true },
  { title: 'classic, specific response channels', env: classic, publishOnSpecificResponseChannel: true,
    kinds: ['adapter 8, ioredis', 'adapter 8, redis'], can: everything },
  { title: 'classic, with @socket.io/redis-adapter 7.2', env: classic, kinds: ['adapter 7', 'adapter 8, redis'],
    can: ['acks', 'serverSide', 'numbers', 'count', 'rooms', 'single'] },
  { title: 'classic, with 7.2 and specific response channels', env: classic, publishOnSpecificResponseChannel: true,
    kinds: ['adapter 7', 'adapter 7'], can: ['acks', 'serverSide', 'numbers', 'count', 'rooms', 'single'] },
  { title: 'classic, with socket.io-redis 6.1', env: classic, kinds: ['socket.io-redis 6', 'socket.io-redis 6'], can: ['rooms', 'single'] },
  ...['static', 'dynamic', 'dynamic-private'].map(sharded),
  { title: 'streams', env: { ADAPTER: 'streams' }, kinds: ['streams', 'streams'], can: ['acks', 'serverSide', 'numbers', 'dates', 'count'] },
];
/** With a server on several threads, one fleet of each family. */
const threadsToo = ['classic, redis', 'sharded, dynamic', 'streams'];
const { FAMILY: family = '', THREADS: threads } = process.env;
const chosen = fleets.filter(({ title }) => title.startsWith(family) && (!threads || threadsToo.includes(title)));
const requestsTimeout = 2500;

const missing = process.env.CONFORMANCE_SERVER ? false : 'CONFORMANCE_SERVER does not name a conformance_server';
let redis;
before(async () => { redis = await startRedis(); });
after(() => redis.close());

/** The official emitter and our tool publish into the fleet: [name, official emitter, options of socketio-emit, scenario]. */
const emits = [
  ['to all', (io) => io.emit('news', 1), ['--', 'news', '1'], { got: ['a1', 'a2', 'b1', 'b2', 'c1', 'c2'] }],
  ['to a room', (io) => io.to('red').emit('news', 1), ['--to=red', '--', 'news', '1'], { got: ['a1', 'b1', 'c1'] }],
  ['except a room', (io) => io.except('red').emit('news', 1), ['--except=red', '--', 'news', '1'], { got: ['a2', 'b2', 'c2'] }],
  ['to a numbered room', (io) => io.to(42).emit('news', 1), ['--room-number=42', '--', 'news', '1'], { got: ['a2', 'b2'] }],
  ['to a namespace', (io) => io.of('/custom').emit('news', 1), ['--nsp=/custom', '--', 'news', '1'], { got: ['ax', 'bx', 'cx'] }],
  ['to the servers', (io) => io.serverSideEmit('sse', 1), ['--server-side', '--', 'sse', '1'],
    { heard: Object.fromEntries(names.map((name) => [name, [['/', 'sse', 1]]])) }],
  ['a room joins another', (io) => io.in('blue').socketsJoin('new'), ['--to=blue', '--join=new'],
    { moves: true, then: [{ op: 'emit', to: ['new'], args: ['news', 1] }], got: ['a2', 'b1'] }],
  ['a room leaves another', (io) => io.in('blue').socketsLeave('all'), ['--to=blue', '--leave=all'],
    { moves: true, then: [{ op: 'emit', to: ['all'], args: ['news', 1] }], got: ['a1', 'b2', 'c1', 'c2'] }],
  ['a room is disconnected', (io) => io.in('blue').disconnectSockets(), ['--to=blue', '--disconnect'],
    { moves: true, gone: ['a2', 'b1'] }],
];

async function emitOfficially(act) {
  const client = createClient({ url: redis.url });
  await client.connect();
  act(new Emitter(client));
  await client.close();  // after the replies that are under way
}

async function emitByTool(options) {
  const { status, stderr } = await run(process.env.SOCKETIO_EMIT, ['--redis', redis.url, ...options]);
  assert.equal(status, 0, stderr);
}

function testEmitters(fleet) {
  for (const [name, official, options, scenario] of emits) {
    const said = { ...scenario, op: { args: ['news', 1] } };
    test(`the official emitter: ${name}`, { timeout: 30_000 }, () => check(fleet(), said, 'b', () => emitOfficially(official)));
    test(`socketio-emit: ${name}`, { timeout: 30_000 }, () => check(fleet(), said, 'b', () => emitByTool(options)));
  }
}

for (const { title, can, emitters, ...options } of chosen) {
  describe(title, { skip: missing }, () => {
    let fleet;
    const wanted = ({ needs }) => needs === undefined || can.includes(needs);
    before(async () => {
      fleet = await MixedFleet.start({ ...options, redisUrl: redis.url, requestsTimeout });
      await fleet.connect(people);
    });
    after(() => fleet?.close());

    for (const scenario of scenarios.filter(wanted)) {
      for (const from of scenario.from ?? names) {
        test(`${scenario.name}, from ${from}`, { timeout: 30_000 }, () => check(fleet, scenario, from));
      }
    }

    if (emitters) testEmitters(() => fleet);

    test('questions that not everybody answers end with what came', { timeout: 30_000 }, async (t) => {
      const asked = unanswered.filter(wanted).flatMap(({ op, ...question }) => names.map(async (from) => (
        { ...question, from, result: await fleet.nodes[from].op(op) })));
      for (const { name, check: judge, from, result } of await Promise.all(asked)) {
        await t.test(`${name}, from ${from}`, () => judge(result, { from }));
      }
    });
  });
}
