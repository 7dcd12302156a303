// Connections: the memory of a server without clients, what each idle one adds (WebSocket, no TLS), and what connecting costs.
import { residentBytes } from '../processes.mjs';
import { startLoad, startServers } from '../servers.mjs';
import { atMost, split } from '../table.mjs';

async function once(build, kind, clients) {
  const servers = await startServers(build, kind);
  const [{ pid }] = servers.processes;
  try {
    const empty = residentBytes(pid);
    const load = await startLoad(build, servers, clients);
    const full = residentBytes(pid);
    await load.end();
    return { empty: empty / 1e6, each: (full - empty) / clients / 1024, connect: load.connecting.cpu_us };
  } finally {
    await servers.end();
  }
}

export async function* measure({ build, rounds, quick, wants }) {
  const clients = quick ? 2000 : 5000;
  const rows = [
    { work: 'memory of an empty server', name: 'empty', unit: 'MB', digits: 1, limits: [atMost(8)] },
    { work: `memory per idle connection, N = ${clients}`, name: 'each', unit: 'KB', digits: 1, limits: [atMost(2)] },
    { work: `connecting, N = ${clients}`, name: 'connect', unit: 'µs CPU', digits: 1, limits: [atMost(60)] },
  ];
  if (!rows.some(({ work }) => wants(work))) return;
  const results = { 'this project': [], JavaScript: [] };
  for (let round = 0; round < rounds; round++) {
    for (const kind of Object.keys(results)) results[kind].push(await once(build, kind, clients));
  }
  for (const { name, ...row } of rows) {
    yield { ...row, ...split(results, (result) => result[name]) };
  }
}
