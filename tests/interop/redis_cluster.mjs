// A Redis Cluster of our own: each node as startRedis() makes them.

import { createClient } from 'redis';
import { startRedis, until } from './fleet.mjs';

const SLOTS = 16384;

export async function startRedisCluster(count = 3) {
  const nodes = [];
  try {
    for (let index = 0; index < count; ++index) {
      const node = await startRedis(['--cluster-enabled', 'yes', '--cluster-config-file', 'nodes.conf', '--cluster-node-timeout', '2000']);
      nodes.push(node);
      node.port = new URL(node.url).port;
      node.client = createClient({ url: node.url });
      node.client.on('error', () => {});
      await node.client.connect();
      const [first, last] = [index, index + 1].map((place) => Math.floor((SLOTS * place) / count));
      await node.client.sendCommand(['CLUSTER', 'SET-CONFIG-EPOCH', String(index + 1)]);
      await node.client.sendCommand(['CLUSTER', 'ADDSLOTSRANGE', String(first), String(last - 1)]);
      if (index > 0) await node.client.sendCommand(['CLUSTER', 'MEET', '127.0.0.1', nodes[0].port]);
    }
    const isWell = async ({ client }) => {
      const info = await client.sendCommand(['CLUSTER', 'INFO']);
      return info.includes('cluster_state:ok') && info.includes(`cluster_known_nodes:${count}`);
    };
    await until(async () => (await Promise.all(nodes.map(isWell))).every(Boolean), 'the nodes do not become a cluster');
  } catch (error) {
    await Promise.all(nodes.map((node) => node.close()));
    throw error;
  }
  return {
    url: `redis+cluster://${nodes.map(({ port }) => `127.0.0.1:${port}`).join(',')}`,
    nodes,
    /** What each node answers. */
    ask: (...words) => Promise.all(nodes.map(({ client }) => client.sendCommand(words))),
    async close() {
      for (const { client, close } of nodes) {
        client.destroy();
        await close();
      }
    },
  };
}
