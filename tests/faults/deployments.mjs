// A Redis Cluster, and a Redis with sentinels, of processes of our own. Servers reach them without proxies: the nodes tell their
// own addresses.

import assert from 'node:assert/strict';
import path from 'node:path';
import { writeFileSync } from 'node:fs';
import { run, start } from '../interop/children.mjs';
import { until } from '../interop/fleet.mjs';
import { redisCli, redisServer } from '../interop/redis_programs.mjs';
import { createClient } from './packages.mjs';
import { reservePort } from './ports.mjs';
import { PrivateRedis, password, user } from './redis.mjs';

const failoverMs = 1_000;
const credentials = `${user}:${password}`;
const hosts = (ports) => ports.map((port) => `127.0.0.1:${port}`).join(',');

/** Three primaries, each with a replica. */
export class RedisCluster {
  static async start() {
    const cluster = new RedisCluster();
    cluster.nodes = await Promise.all([0, 1, 2, 3, 4, 5].map(async () => {
      const [port, busPort] = [await reservePort(), await reservePort()];
      const node = await PrivateRedis.start(['--port', port, '--cluster-enabled', 'yes', '--cluster-port', busPort,
        '--cluster-node-timeout', failoverMs, '--cluster-replica-validity-factor', '0', '--repl-diskless-sync-delay', '0',
        '--cluster-allow-replica-migration', 'no'].map(String));
      return Object.assign(node, { port, busPort, id: await node.ask('CLUSTER', 'MYID') });
    }));
    const { status, stdout } = await run(redisCli, ['--cluster', 'create', ...cluster.nodes.map(({ port }) => `127.0.0.1:${port}`),
      '--cluster-replicas', '1', '--cluster-yes'], { env: { PATH: process.env.PATH } });
    assert.equal(status, 0, stdout);
    await until(() => cluster.#all(async (node) => (await node.ask('CLUSTER', 'INFO')).includes('cluster_state:ok')
      && (await node.ask('CLUSTER', 'SLOTS')).every((range) => range.length === 4)), 'the cluster did not come together');
    await until(() => cluster.#all(async (node) => !(await node.ask('INFO', 'replication')).includes('master_link_status:down')),
      'a replica is not up to date');
    return cluster;
  }

  async #all(isGood) {
    return (await Promise.all(this.alive.map(isGood))).every(Boolean);
  }

  get alive() {
    return this.nodes.filter(({ isGone }) => !isGone);
  }

  route() {
    const ports = this.nodes.slice(0, 3).map(({ port }) => port);
    return { url: `redis+cluster://${credentials}@${hosts(ports)}`, official: { cluster: ports } };
  }

  async clientCount() {
    return (await Promise.all(this.alive.map((node) => node.clientCount()))).reduce((sum, count) => sum + count, 0);
  }

  /** The primary that owns the slot of a key or channel, as another node sees it. */
  async ownerOf(key) {
    const [asked] = this.alive;
    const slot = await asked.ask('CLUSTER', 'KEYSLOT', key);
    for (const [from, to, [, , id]] of await asked.ask('CLUSTER', 'SLOTS')) {
      if (slot >= from && slot <= to) return { slot, owner: this.nodes.find((node) => node.id === id) };
    }
    throw new Error(`nobody owns slot ${slot}`);
  }

  /** Moves the slot of a key or channel, and what is in it, to another primary. */
  async moveSlot(key) {
    const { slot, owner } = await this.ownerOf(key);
    const target = this.nodes.slice(0, 3).find((node) => node !== owner);
    await target.ask('CLUSTER', 'SETSLOT', slot, 'IMPORTING', owner.id);
    await owner.ask('CLUSTER', 'SETSLOT', slot, 'MIGRATING', target.id);
    for (const one of await owner.ask('CLUSTER', 'GETKEYSINSLOT', slot, 100)) {
      await owner.ask('MIGRATE', '127.0.0.1', target.port, one, 0, 5_000);
    }
    for (const node of [target, owner, ...this.nodes.slice(0, 3)]) await node.ask('CLUSTER', 'SETSLOT', slot, 'NODE', target.id);
  }

  async killOwnerOf(key) {
    const { owner } = await this.ownerOf(key);
    owner.isGone = true;
    await owner.kill();
    this.killed = owner;
  }

  /** Waits until a replica has taken over. */
  async failedOver(key) {
    await until(async () => {
      const { owner } = await this.ownerOf(key);
      return owner !== this.killed
        && await this.#all(async (node) => (await node.ask('CLUSTER', 'INFO')).includes('cluster_state:ok'));
    }, 'no replica took over');
  }

  async close() {
    await Promise.all(this.nodes.map((node) => node.close()));
  }
}

/** A master with a replica, and three sentinels that watch it. */
export class SentinelDeployment {
  static async start() {
    const deployment = new SentinelDeployment();
    const ports = [await reservePort(), await reservePort()];
    const master = await PrivateRedis.start(['--port', String(ports[0])]);
    const replica = await PrivateRedis.start(['--port', String(ports[1]), '--replicaof', '127.0.0.1', String(ports[0]), '--repl-diskless-sync-delay', '0']);
    deployment.servers = [master, replica];
    deployment.ports = ports;
    deployment.sentinels = [];
    for (let index = 0; index < 3; ++index) {
      const port = await reservePort();
      const file = path.join(master.folder, `sentinel-${index}.conf`);
      writeFileSync(file, [`port ${port}`, 'bind 127.0.0.1', `dir ${master.folder}`,
        `sentinel monitor fleet 127.0.0.1 ${ports[0]} 2`, `sentinel down-after-milliseconds fleet ${failoverMs}`,
        'sentinel failover-timeout fleet 5000', ''].join('\n'));
      const child = start(redisServer, [file, '--sentinel'], { stdio: ['ignore', 'ignore', 'inherit'] });
      deployment.sentinels.push({ port, child });
    }
    await until(async () => (await replica.ask('INFO', 'replication')).includes('master_link_status:up'), 'no replica');
    // A sentinel publishes to the others through the master: two of them have to know of both others, and of the replica.
    await until(async () => (await Promise.all(deployment.sentinels.map(({ port }) => deployment.#knows(port)))).every(Boolean),
      'the sentinels do not know each other');
    return deployment;
  }

  async #knows(port) {
    const client = createClient({ url: `redis://127.0.0.1:${port}`, socket: { reconnectStrategy: false } });
    client.on('error', () => {});
    try {
      await client.connect();
      const reply = await client.sendCommand(['SENTINEL', 'MASTER', 'fleet']);
      const fields = Array.isArray(reply) ? Object.fromEntries(reply.flatMap((_, at) => (at % 2 ? [] : [[reply[at], reply[at + 1]]]))) : reply;
      return Number(fields['num-other-sentinels']) === 2 && Number(fields['num-slaves']) === 1;
    } catch {
      return false;
    } finally {
      if (client.isOpen) client.destroy();
    }
  }

  route() {
    const ports = this.sentinels.map(({ port }) => port);
    return { url: `redis+sentinel://${credentials}@${hosts(ports)}/fleet`, official: { sentinels: ports } };
  }

  async clientCount() {
    return (await Promise.all(this.servers.map((server) => server.clientCount()))).reduce((sum, count) => sum + count, 0);
  }

  killMaster() {
    return this.servers[0].kill();
  }

  async failedOver() {
    // The sentinels close all connections of the new master, ours included.
    const isMaster = () => this.servers[1].ask('ROLE').then(([role]) => role === 'master', () => false);
    await until(isMaster, 'the replica was not made the master');
  }

  async close() {
    for (const { child } of this.sentinels) child.kill('SIGKILL');
    await Promise.all(this.sentinels.map(({ child }) => child.exited));
    await Promise.all(this.servers.map((server) => server.close()));
  }
}
