// Our server and our tools beside official servers on a Redis Cluster.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { run, start, end } from './children.mjs';
import { until } from './fleet.mjs';
import { check } from './mixed_check.mjs';
import { MixedFleet, names, namespaces, ours } from './mixed_fleet.mjs';
import { people, scenarios } from './mixed_scenarios.mjs';
import { startRedisCluster } from './redis_cluster.mjs';

/**
 * One line per fleet. `inOrder`: what one node says arrives in that order. The official clients give each PUBLISH to a node by
 * chance, so the classic adapter's messages may overtake one another; there, what takes several steps is left out.
 */
const fleets = [
  { title: 'classic', env: { ADAPTER: 'classic' }, kinds: ['adapter 8, ioredis, cluster', 'adapter 8, redis, cluster'],
    can: ['acks', 'serverSide', 'numbers', 'dates', 'count', 'rooms'], tool: ['--transport', 'classic'] },
  { title: 'sharded', env: { ADAPTER: 'sharded', SHARDED_MODE: 'static' }, kinds: ['sharded, static, cluster', 'sharded, static, cluster'],
    can: ['acks', 'serverSide', 'numbers', 'dates', 'count'], tool: ['--transport', 'sharded', '--sharded-mode', 'static'], inOrder: true },
  { title: 'streams', env: { ADAPTER: 'streams' }, kinds: ['streams, cluster', 'streams, cluster'],
    can: ['acks', 'serverSide', 'numbers', 'dates', 'count'], tool: ['--transport', 'streams'], inOrder: true },
];

const missing = process.env.CONFORMANCE_SERVER ? false : 'CONFORMANCE_SERVER does not name a conformance_server';
const timeout = 30_000;
const env = { PATH: process.env.PATH };

let redis;
before(async () => { redis = await startRedisCluster(); });
after(() => redis?.close());

async function tool(program, ...options) {
  const { status, stdout, stderr } = await run(process.env[program], ['--redis', redis.url, '--output', 'json', ...options], { env });
  assert.equal(status, 0, stderr);
  return stdout.trim().split('\n').map((line) => JSON.parse(line));
}

for (const { title, can, tool: options, inOrder, ...made } of fleets) {
  describe(`${title}, on a Redis Cluster`, { skip: missing }, () => {
    let fleet;
    before(async () => {
      fleet = await MixedFleet.start({ ...made, redisUrl: redis.url, requestsTimeout: 2500 });
      // Subscriptions live on several nodes: those of all servers are there when all of them count so many.
      for (const node of Object.values(fleet.nodes)) {
        for (const nsp of namespaces) {
          await until(async () => await node.op({ op: 'serverCount', nsp }) === names.length, `${node.name} does not count all servers`);
        }
      }
      if (title === 'sharded') {
        const channels = namespaces.length * (1 + names.length);  // of each namespace: the main one, and one for each server
        await until(async () => (await redis.ask('PUBSUB', 'SHARDCHANNELS')).flat().filter((name) => !name.includes('/control')).length === channels, 'channels are missing');
      }
      await fleet.connect(people);
    });
    after(() => fleet?.close());

    const wanted = ({ needs, then, moves, op }) => (needs === undefined || can.includes(needs))
      && (inOrder || (then === undefined && moves === undefined && op.volatile === undefined));
    for (const scenario of scenarios.filter(wanted)) {
      for (const from of scenario.from ?? names) {
        // What was said has arrived before markers follow, where these might overtake it.
        const alone = scenario.alone || !inOrder;
        test(`${scenario.name}, from ${from}`, { timeout }, () => check(fleet, { ...scenario, alone }, from));
      }
    }

    test('socketio-emit reaches all', { timeout }, async () => {
      const [summary] = await tool('SOCKETIO_EMIT', ...options, '--to', 'red', '--', 'news', '1');
      assert.equal(summary.sent, 1);
      assert.equal(summary.receivers_of_one_node, title === 'classic' ? true : undefined);
      await fleet.arrived(['a1', 'b1', 'c1']);
      assert.deepEqual(fleet.take().received, { a1: [['news', 1]], b1: [['news', 1]], c1: [['news', 1]] });
    });

    test('socketio-emit asks for acknowledgements of all', { timeout }, async () => {
      const lines = await tool('SOCKETIO_EMIT', ...options, '--ack', '--', 'ask', '1');
      assert.equal(lines.filter((line) => 'answer' in line || 'args' in line || 'ack' in line).length, 6, JSON.stringify(lines));
      await fleet.arrived(['a1', 'b1', 'c1']);
      fleet.take();
    });

    test('socketio-fleet sees all servers and sockets', { timeout }, async () => {
      const servers = await tool('SOCKETIO_FLEET', 'servers', '--nsp', '/', ...options);
      assert.equal(servers.filter((line) => 'uid' in line).length, names.length, JSON.stringify(servers));
      const [{ count }] = await tool('SOCKETIO_FLEET', 'count', '--nsp', '/', ...options);
      assert.equal(count, 6);
      const sockets = await tool('SOCKETIO_FLEET', 'sockets', '--nsp', '/', '--to', 'red', ...options);
      assert.deepEqual(sockets.map(({ id }) => id).sort(), ['a1', 'b1', 'c1'].map((name) => fleet.id(name)).sort());
    });

    test('socketio-fleet finds the transport, and nothing wrong', { timeout }, async () => {
      const lines = await tool('SOCKETIO_FLEET', 'doctor', '--nsp', '/', '--timeout', '5s');  // one of them has /control, which is a finding
      assert.deepEqual(lines.filter((line) => 'check' in line), []);
      assert.equal(lines.at(-1).problems, 0);
      assert.match(lines.at(-1).not_checked.join(), /one node of the Redis Cluster/u);
    });

    test('socketio-fleet hears what is said', { timeout }, async () => {
      const tap = start(process.env.SOCKETIO_FLEET, ['tap', '--redis', redis.url, '--output', 'json', ...options.slice(0, 2),
        '--event', 'heard', '--limit', '3'], { env, stdio: ['ignore', 'pipe', 'pipe'] });
      let heard = '';
      tap.stdout.setEncoding('utf8').on('data', (text) => { heard += text; });
      let over = false;
      tap.exited.then(() => { over = true; });
      await until(async () => {  // it does not tell when it has begun
        for (const node of Object.values(fleet.nodes)) await node.op({ op: 'emit', args: ['heard', node.name] });
        return over || heard.split('\n').length > 3;
      }, 'the tap hears nothing');
      if (!over) await end(tap);
      await fleet.arrived(['a1', 'b1', 'c1']);
      await fleet.settle();
      fleet.take();
    });

    // Not of sharded fleets: official servers hear nothing more of a channel that has moved. Classic channels have no slot.
    if (title === 'streams') test('slots move to another node while all speak', { timeout: 120_000 }, async () => {
      let over = false;
      const moved = redis.reshardAwayFrom('socket.io').finally(() => { over = true; });
      const said = {};
      for (let number = 0; !over; ++number) {
        for (const node of Object.values(fleet.nodes)) {
          await node.op({ op: 'emit', to: ['red'], args: ['while it moves', node.name, number] });
          (said[node.name] ??= []).push(number);
        }
        await pause(1);  // leaves some of the machine to those that move the slots
      }
      await moved;
      await fleet.settle();
      const { received } = fleet.take();
      for (const client of ['a1', 'b1', 'c1']) {
        for (const name of names) {
          const heard = received[client].filter(([, from]) => from === name).map(([, , number]) => number);
          // The official client gives each refused command again by itself: one may overtake another.
          assert.deepEqual(name === ours ? heard : heard.sort((x, y) => x - y), said[name], `${client}, from ${name}`);
        }
      }
    });
  });
}
