// Two of our servers behind nginx and behind HAProxy, configured as examples/ shows.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { end, start } from './children.mjs';
import { freePort, startServer } from './conformance.mjs';
import { startRedis, until, within } from './fleet.mjs';
import { official } from './packages.mjs';

const { io } = official('socket.io-client');
const example = (name) => readFileSync(new URL(`../../examples/${name}`, import.meta.url), 'utf8');
const isThere = (command) => !spawnSync(command, ['-v'], { stdio: 'ignore' }).error;
const clientCount = 6;

/** Each takes the example, puts its ports and folders in, and says how it is run. */
const proxies = {
  nginx: (text, port, servers, folder) => {
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/${name};`);
    writeFileSync(join(folder, 'nginx.conf'), replaced(text, [
      ['listen 8080', `listen 127.0.0.1:${port}`], ['127.0.0.1:3001', servers[0]], ['127.0.0.1:3002', servers[1]],
      ['http {', `http { access_log off; ${temporary.join(' ')}`],
    ]));
    return ['-p', folder, '-e', 'stderr', '-c', join(folder, 'nginx.conf'), '-g', `daemon off; pid ${folder}/pid;`];
  },
  haproxy: (text, port, servers, folder) => {
    writeFileSync(join(folder, 'haproxy.cfg'), replaced(text, [
      ['127.0.0.1:8080', `127.0.0.1:${port}`], ['127.0.0.1:3001', servers[0]], ['127.0.0.1:3002', servers[1]],
    ]));
    return ['-f', join(folder, 'haproxy.cfg'), '-q', '-db'];
  },
};

function replaced(text, pairs) {
  return pairs.reduce((changed, [from, to]) => {
    assert.ok(changed.includes(from), from);
    return changed.replaceAll(from, to);
  }, text);
}

for (const [name, configure] of Object.entries(proxies)) {
  const skip = !process.env.CONFORMANCE_SERVER ? 'CONFORMANCE_SERVER does not name a conformance_server'
    : !isThere(name) ? `${name} is not installed` : false;
  describe(`behind ${name}`, { skip }, () => {
    let redis, proxy, url;
    let servers = [];
    const agents = [];  // the last request of a client is under way when its test ends
    const folder = mkdtempSync(join(tmpdir(), 'proxy-'));

    before(async () => {
      redis = await startRedis();
      servers = await Promise.all(['one', 'two'].map((node) => (
        startServer({ ADAPTER: 'classic', REDIS_URL: redis.url, NODE_NAME: node }))));
      const port = await freePort();
      const addresses = servers.map((server) => server.url.replace('http://', ''));
      proxy = start(name, configure(example(name === 'nginx' ? 'nginx.conf' : 'haproxy.cfg'), port, addresses, folder),
        { stdio: ['ignore', 'inherit', 'inherit'] });
      url = `http://127.0.0.1:${port}`;
      await until(() => fetch(`${url}/socket.io/?EIO=4&transport=polling`).then(({ ok }) => ok, () => false), `${name} did not start`);
    });
    after(async () => {
      for (const agent of agents) agent.destroy();
      if (proxy) await end(proxy);
      await Promise.all(servers.map(({ child }) => end(child)));
      await redis?.close();
      rmSync(folder, { recursive: true, force: true });
    });

    for (const transports of [['polling'], ['websocket'], ['polling', 'websocket']]) {
      test(`clients by ${transports.join(', then ')} hear each other, whatever server they are on`, { timeout: 60_000 }, async () => {
        const sockets = await Promise.all(Array.from({ length: clientCount }, async (_, index) => {
          const agent = new Agent({ localAddress: `127.0.0.${index + 2}`, keepAlive: true });  // each has an address of its own
          agents.push(agent);
          const socket = io(url, { transports, forceNew: true, reconnection: false, withCredentials: true, agent });
          socket.on('connect_error', (error) => assert.fail(error));
          await within(once(socket, 'connect'), () => 'no connection', 20_000);
          return socket;
        }));
        try {
          if (transports.length === 2) {
            await Promise.all(sockets.map((socket) => (socket.io.engine.transport.name === 'websocket' ? undefined
              : within(once(socket.io.engine, 'upgrade'), () => 'no upgrade', 20_000))));
          }
          const control = servers.map((server) => io(`${server.url}/control`, { transports: ['websocket'], forceNew: true }));
          let counts;
          await until(async () => {  // those of the test before may still be leaving
            counts = await Promise.all(control.map(async (socket) => (await socket.emitWithAck('op', { op: 'localSockets' })).result.length));
            return counts[0] + counts[1] === clientCount;
          }, 'not as many sockets as clients');
          assert.ok(counts.every((count) => count > 0), `all on one server: ${counts}`);
          for (const from of control) {
            const heard = sockets.map((socket) => within(once(socket, 'news'), () => 'not heard', 20_000));
            from.emit('op', { op: 'emit', args: ['news', Buffer.from([1, 2])] });
            for (const [bytes] of await Promise.all(heard)) assert.deepEqual([...new Uint8Array(bytes)], [1, 2]);
          }
          control.forEach((socket) => socket.disconnect());
        } finally {
          for (const socket of sockets) socket.disconnect();
        }
      });
    }
  });
}
