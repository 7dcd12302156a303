// Servers under measurement, each with a Redis of its own so that they do not hear each other, and the load that drives them.
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { freePort, here, listening, onLoadCore, onServerCore, start, startRedis, stop } from './processes.mjs';

/** Kinds of servers, by the name that the table uses. What has several threads, and what is compared with it, has both cores. */
const pinned = (name) => !name.endsWith('thread') && !name.endsWith('threads');
const ours = (build, port, url, ...more) => [path.join(build, 'examples/peer_server'), '--port', port, '--redis', url, ...more];
const commands = (build) => ({
  'this project': (port, url) => ours(build, port, url),
  'one thread': (port, url) => ours(build, port, url),
  'two threads': (port, url) => ours(build, port, url, '--threads', '2'),
  JavaScript: (port, url) => [process.execPath, path.join(here, 'peer_server.mjs'), port, url],
  'raw-write': (port, url) => [path.join(build, 'benchmarks/raw_fan'), port, url, 'write'],
  'raw-coalesce': (port, url) => [path.join(build, 'benchmarks/raw_fan'), port, url, 'coalesce'],
});

/** `{ url, processes: [{ port, pid }], end() }`: so many servers of a kind with one Redis. */
export async function startServers(build, kind, count = 1) {
  const redis = await startRedis();
  const processes = [];
  for (let index = 0; index < count; index++) {
    const port = await freePort();
    // taskset becomes the server, and so has its process id.
    const command = commands(build)[kind](String(port), redis.url);
    const child = start(pinned(kind) ? onServerCore(command) : command, { stdio: ['ignore', 'ignore', 'inherit'] });
    await listening({ port, host: '127.0.0.1' });
    processes.push({ port, pid: child.pid, child });
  }
  const end = async () => {
    for (const { child } of processes) await stop(child);
    await stop(redis.child);
  };
  return { url: redis.url, kind, processes, end };
}

/** Clients of some servers. `ask('window 16 100 1000')` resolves with what websocket_load prints; see there for what it takes. */
export async function startLoad(build, servers, clients, { namespaces = 0 } = {}) {
  const list = servers.processes.map(({ port, pid }) => `${port}:${pid}`).join(',');
  const child = start(onLoadCore([path.join(build, 'benchmarks/websocket_load'), '--servers', list, '--redis', servers.url,
    '--clients', String(clients), '--namespaces', String(namespaces), ...(servers.kind.startsWith('raw') ? ['--raw'] : [])]));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`the load on ${servers.kind} has ended`);
    return JSON.parse(value);
  };
  const ask = (line) => {
    child.stdin.write(`${line}\n`);
    return answer();
  };
  const connecting = await answer();
  const end = async () => {
    const closed = once(child, 'close');
    child.stdin.end();
    await closed;
  };
  return { connecting, processes: servers.processes, ask, end };
}

/** Servers of several kinds with their clients, joined; ended when `use` has. */
export async function withLoads(build, kinds, clients, use, { servers: count = 1, namespaces = 0 } = {}) {
  const loads = {}, ends = [];
  try {
    for (const kind of kinds) {
      const servers = await startServers(build, kind, count);
      ends.unshift(servers.end);
      loads[kind] = await startLoad(build, servers, clients, { namespaces });
      ends.unshift(loads[kind].end);
      await loads[kind].ask('join');
    }
    return await use(loads);
  } finally {
    for (const end of ends) await end();
  }
}

/** Asks the kinds in turn, in each of the rounds: `{ kind: [answers] }`. The first round warms up and is not counted. */
export async function inTurns(loads, rounds, line, kinds = Object.keys(loads)) {
  const results = Object.fromEntries(kinds.map((kind) => [kind, []]));
  for (let round = -1; round < rounds; round++) {
    for (const kind of kinds) {
      const result = await loads[kind].ask(typeof line === 'function' ? line(kind) : line);
      if (round >= 0) results[kind].push(result);
    }
  }
  return results;
}
