// A Redis Cluster of our own, made as its manual says: each node as startRedis() makes them, joined by redis-cli or valkey-cli.

import assert from 'node:assert/strict';
import { run } from './children.mjs';
import { startRedis, until } from './fleet.mjs';
import { official } from './packages.mjs';
import { redisCli } from './redis_programs.mjs';

const { createClient } = official('redis');
const SLOTS = 16384;

async function manageCluster(...words) {
  const { status, stdout, stderr } = await run(redisCli, ['--cluster', ...words, '--cluster-yes'],
    { env: { PATH: process.env.PATH }, timeoutMs: 110_000 });
  assert.equal(status, 0, stdout + stderr);
}

export async function startRedisCluster(count = 3) {
  const nodes = [];
  const close = async () => {
    for (const node of nodes) {
      node.client?.destroy();
      await node.close();
    }
  };
  try {
    for (let index = 0; index < count; ++index) {
      const node = await startRedis(['--cluster-enabled', 'yes', '--cluster-config-file', 'nodes.conf', '--cluster-node-timeout', '2000']);
      nodes.push(node);
      node.port = new URL(node.url).port;
      node.client = createClient({ url: node.url });
      node.client.on('error', () => {});
      await node.client.connect();
    }
    await manageCluster('create', ...nodes.map(({ port }) => `127.0.0.1:${port}`));
    const isWell = async ({ client }) => {
      const info = await client.sendCommand(['CLUSTER', 'INFO']);
      return info.includes('cluster_state:ok') && info.includes(`cluster_known_nodes:${count}`);
    };
    await until(async () => (await Promise.all(nodes.map(isWell))).every(Boolean), 'the nodes do not become a cluster');
  } catch (error) {
    await close();
    throw error;
  }
  return {
    url: `redis+cluster://${nodes.map(({ port }) => `127.0.0.1:${port}`).join(',')}`,
    nodes,
    /** What each node answers. */
    ask: (...words) => Promise.all(nodes.map(({ client }) => client.sendCommand(words))),
    /** Gives all slots of the node that has the key's to another one. */
    async reshardAwayFrom(key) {
      const [slot] = await this.ask('CLUSTER', 'KEYSLOT', key);
      const owns = ({ client }) => client.sendCommand(['CLUSTER', 'COUNTKEYSINSLOT', String(slot)]);
      const ids = await this.ask('CLUSTER', 'MYID');
      const from = (await Promise.all(nodes.map(owns))).findIndex((count) => count > 0);
      await manageCluster('reshard', `127.0.0.1:${nodes[0].port}`, '--cluster-from', ids[from], '--cluster-to', ids[(from + 1) % count],
        '--cluster-slots', String(Math.ceil(SLOTS / count)));
      assert.equal(await owns(nodes[from]), 0, 'the key has not moved');
    },
    close,
  };
}
