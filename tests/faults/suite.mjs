// One fault in two fleets at the same time: an official server and ours, and beside them two official ones.

import { until } from '../interop/fleet.mjs';
import { RedisCluster, SentinelDeployment } from './deployments.mjs';
import { ServerNode } from './node.mjs';
import { PrivateRedis } from './redis.mjs';
import { Traffic } from './traffic.mjs';

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
export const limits = {
  flowsAgainMs: 5_000,     // after the end of a fault
  watchedMs: 8_000,        // how long it is watched whether a fleet flows again
  localMs: 1_000,          // the slowest local delivery
  oldMs: 2_200,            // a connection that gets no older counts as one that failed
  growthKilobytes: 16_384,
  chanceMs: 100,           // of traffic: which fleet is connected again first is chance
  waitsMs: 1_500,          // of traffic, where official servers lose more than that: waits between attempts are of random length
};

const deployments = { standalone: PrivateRedis, cluster: RedisCluster, sentinel: SentinelDeployment };

class Fleet {
  static async start(kinds, transport, deployment) {
    const fleet = new Fleet();
    fleet.transport = transport;
    fleet.redis = await deployments[deployment].start();
    fleet.nodes = await Promise.all(kinds.map((kind, index) => ServerNode.start('ABC'[index], kind, { transport, redis: fleet.redis })));
    fleet.ours = fleet.nodes.find(({ isOurs }) => isOurs);
    return fleet;
  }

  async resources() {
    return { clients: await this.redis.clientCount(), nodes: this.nodes.map((node) => node.resources()) };
  }

  async close() {
    this.traffic?.stop();
    await Promise.all(this.nodes.map((node) => node.close()));
    await this.redis.close();
  }
}

/** Everybody hears everybody, before anything is counted. */
async function warmUp(fleet) {
  const old = performance.now() + limits.oldMs;
  const traffic = new Traffic(fleet.nodes, 'warm-up');
  traffic.start();
  const flows = await traffic.flowsAgain(0, 20_000);
  traffic.stop();
  await pause(Math.max(0, old - performance.now()));
  if (!flows || !await traffic.settled(5_000)) throw new Error('the fleet does not hear itself before any fault');
}

async function suffer(fleet, fault) {
  const traffic = fleet.traffic = new Traffic(fleet.nodes, 'n');
  traffic.start();
  await traffic.flowsAgain(0, 5_000);
  const times = { begin: performance.now() };
  await fault.begin(fleet);
  if (fault.lastsMs > 0) await pause(fault.lastsMs);
  await fault.end?.(fleet);
  times.end = performance.now();
  await traffic.flowsAgain(times.end, limits.watchedMs);
  traffic.stop();
  await traffic.settled(3_000);
  return times;
}

function rowOf(direction, { begin, end }, fault, transport) {
  const since = direction.flowsSince(end);
  const { name, isLocal, received, lost, duplicated, reordered } = direction;
  return {
    fault: fault.name, transport, direction: name, isLocal, sent: direction.sentAt.length, received, lost, duplicated, reordered,
    lostMeanwhile: direction.lostBetween(begin + 100, end),
    againMs: since === undefined ? null : Math.max(0, Math.round(since - end)),
    slowestMs: Math.round(direction.slowestMs),
  };
}

/** Whether the fleet holds no more than before, once all has calmed down. */
async function leaks(fleet, before, fault) {
  let after;
  const index = fleet.nodes.indexOf(fleet.ours);
  const more = () => [
    ['file descriptors', after.nodes[index].descriptors, before.nodes[index].descriptors + (fault.newConnections ?? 0)],
    ['connections to Redis', after.nodes[index].connections, before.nodes[index].connections],
    ['kB of memory', after.nodes[index].kilobytes, before.nodes[index].kilobytes + limits.growthKilobytes],
  ].filter(([, now, then]) => now > then);
  await until(async () => {
    after = await fleet.resources();
    return more().length === 0;
  }, 'a leak').catch(() => {});
  return { before, after, problems: more().map(([what, now, then]) => `leak: ${now} ${what}, expected at most ${then}`) };
}

function violations(fleet, rows, reference, fault) {
  const found = [...fleet.traffic.problems];
  const worstOf = (figure) => Math.max(...reference.filter(({ isLocal }) => !isLocal).map(figure));
  const worst = worstOf(({ lost }) => lost);
  const worstAgain = worstOf(({ againMs }) => againMs ?? Infinity);
  // ioredis, which the official servers use where there is more than one Redis, sends again what was not answered.
  const officialRepeats = fault.deployment !== undefined || worstOf(({ duplicated, reordered }) => duplicated + reordered) > 0;
  const countIn = (ms) => Math.ceil(ms / fleet.traffic.intervalMs);
  const chance = countIn(limits.chanceMs);
  const allowed = worst + (worst > chance ? countIn(limits.waitsMs) : chance);
  if (!fleet.ours.isAlive) found.push('our server has ended, or has lost its client');
  for (const row of rows) {
    const complain = (what) => found.push(`${row.direction}: ${what}`);
    const fromOfficial = !row.isLocal && row.direction.startsWith('JS');
    if (row.isLocal && row.direction.startsWith('JS')) continue;
    if (row.duplicated > 0 && !(fromOfficial && officialRepeats)) complain(`${row.duplicated} duplicated`);
    if (row.reordered > 0 && !(fromOfficial && officialRepeats)) complain(`${row.reordered} reordered`);
    if (row.isLocal) {
      if (row.lost > 0) complain(`${row.lost} lost`);
      if (row.slowestMs > limits.localMs) complain(`took ${row.slowestMs} ms`);
      continue;
    }
    if (row.lost > allowed && !(fault.races && fromOfficial)) complain(`${row.lost} lost, ${worst} in the worst direction of the official fleet`);
    if (fault.keeps && !fromOfficial && row.lostMeanwhile > 0) complain(`${row.lostMeanwhile} lost that were to wait for Redis`);
    // Where the official servers suffer as well and never recover, it is not ours that is deaf or mute.
    const excused = fault.hits !== 'second' && worstAgain > limits.flowsAgainMs;
    if ((row.againMs ?? Infinity) > limits.flowsAgainMs && !excused) complain(`flows again after ${row.againMs ?? 'more than ' + limits.watchedMs} ms`);
  }
  return found;
}

/** Resolves to { rows, reference, problems, resources }. */
export async function runFault(fault, transport) {
  const fleets = [];
  try {
    for (const kinds of [['official', 'ours'], ['official', 'official']]) {
      fleets.push(await Fleet.start(kinds, transport, fault.deployment ?? 'standalone'));
    }
    await Promise.all(fleets.map(warmUp));
    const before = await fleets[0].resources();
    const times = await Promise.all(fleets.map((fleet) => suffer(fleet, fault)));
    const [rows, reference] = fleets.map((fleet, index) => fleet.traffic.directions.map((one) => rowOf(one, times[index], fault, transport)));
    const problems = violations(fleets[0], rows, reference, fault);
    const resources = await leaks(fleets[0], before, fault);
    return { rows, reference, problems: [...problems, ...resources.problems], resources };
  } finally {
    await Promise.all(fleets.map((fleet) => fleet.close()));
  }
}
