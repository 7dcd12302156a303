// Every operation of the emitter, as real clients on official servers see it: who got it, who did not, with exactly which
// values. The official emitter runs the same table, which proves the table.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { drivers } from './drivers.mjs';
import { Fleet, startRedis } from './fleet.mjs';
import { namespaces, people, scenarios, serverEvents } from './scenarios.mjs';

/** Three fleets on one Redis at the same time: none may hear what is meant for another. */
const fleetPlans = [
  { title: 'default key', key: 'socket.io', kinds: ['redis', 'ioredis'], wants: () => true },
  { title: 'own key', key: 'shop:live #1', kinds: ['redis', 'ioredis'], wants: (scenario) => scenario.keyed },
  { title: 'socket.io-redis 6.1', key: 'old', kinds: Array(2).fill('socket.io-redis'), wants: (scenario) => !scenario.newer },
];

let redis;
const fleets = new Map();

before(async () => {
  redis = await startRedis();
  for (const { title, key, kinds } of fleetPlans) {
    const fleet = await Fleet.start({ redisUrl: redis.url, key, kinds, namespaces, serverEvents });
    fleets.set(title, fleet);
    await fleet.connect(people);
  }
});

after(async () => {
  for (const fleet of fleets.values()) await fleet.close();
  await redis?.close();
});

/** What the scenario says, in the form of Fleet.take(). */
function expectation({ got, flags, disconnected = [], serverEvents: events = [] }, serverCount) {
  const perServer = (server) => events.map(([nsp, ...event]) => ({ server, nsp, event }));
  return {
    received: got,
    flags: flags && Object.fromEntries(Object.keys(got).map((name) => [name, flags])),
    disconnected,
    serverEvents: Array.from({ length: serverCount }, (_, server) => perServer(server)).flat(),
  };
}

async function check(fleet, driver, scenario) {
  const ids = Object.fromEntries([...fleet.clients].map(([name, { id }]) => [name, id]));
  const steps = typeof scenario.steps === 'function' ? scenario.steps(ids) : scenario.steps;
  const expected = expectation(scenario, fleet.servers.length);

  const receivers = await driver.run(steps);
  await fleet.settle();

  const record = fleet.take();
  record.serverEvents.sort((a, b) => a.server - b.server);  // stable: each server's order stays
  if (!expected.flags) delete record.flags, delete expected.flags;
  assert.deepStrictEqual(record, expected);
  assert.equal(JSON.stringify(Object.values(record.received)[0]), JSON.stringify(Object.values(expected.received)[0]),
    'the order of members');
  if (receivers) assert.deepEqual(receivers, steps.map(() => (scenario.nobody ? 0 : fleet.servers.length)));
}

/** Why this driver leaves this scenario out, or false. */
function reasonToSkip(driver, scenario) {
  const reason = scenario.notWith?.[driver.name] ?? scenario.notWith?.[driver.name.split(/[ ,]/)[0]];
  if (reason) return reason;
  if (typeof scenario.steps === 'function') return false;
  return scenario.steps.map((step) => driver.cannot(step)).find(Boolean) ?? false;
}

for (const { name, missing } of drivers.filter((driver) => driver.missing)) test(name, { skip: missing }, () => {});

for (const driver of drivers.filter((driver) => !driver.missing)) {
  for (const { title, key, wants } of fleetPlans) {
    describe(`${driver.name}, ${title}`, () => {
      before(() => driver.open({ url: redis.url, key }));
      after(() => driver.close());

      for (const scenario of scenarios.filter(wants)) {
        test(scenario.name, { skip: reasonToSkip(driver, scenario), timeout: 30_000 }, async () => {
          const fleet = fleets.get(title);
          try {
            await check(fleet, driver, scenario);
          } finally {
            await restore(fleet, scenario);
          }
        });
      }

      test('no other fleet on this Redis heard anything', async () => {
        for (const [other, fleet] of fleets) {
          if (other === title) continue;
          await fleet.settle();
          assert.deepStrictEqual(fleet.take(), { received: {}, flags: {}, disconnected: [], serverEvents: [] });
        }
      });
    });
  }
}

/** Scenarios that move sockets between rooms, or disconnect them, leave the next one a new start. */
async function restore(fleet, { steps }) {
  const moves = typeof steps === 'function' || steps.some(({ op }) => ['join', 'leave', 'disconnect'].includes(op));
  if (moves) await fleet.connect(people);
  fleet.take();
}
