// Fan-out: one server, N WebSocket clients in one room, CPU of the server per delivery. `paced` is 10,000 deliveries a second, where
// the latency counts; `w1` has one broadcast under way, so that nothing can be gathered; `w16` has sixteen.
import { atMostTimes, less, shareOf, split } from '../table.mjs';
import { inTurns, withLoads } from '../servers.mjs';

const all = ['this project', 'JavaScript', 'raw-write', 'raw-coalesce'];

const parts = [
  { clients: 1000, rows: [
    { mode: 'w1', bytes: 100, deliveries: 100_000, kinds: ['raw-write'], limits: [less(2.2, 'JavaScript'), atMostTimes(1.2, 'raw-write')] },
    { mode: 'w16', bytes: 100, deliveries: 160_000, kinds: ['raw-coalesce'], limits: [less(10, 'JavaScript'), atMostTimes(1.5, 'raw-coalesce')] },
    { mode: 'w16', bytes: 16384, deliveries: 48_000, kinds: ['raw-coalesce'], limits: [less(2.5, 'JavaScript')] },
    { mode: 'paced', bytes: 100, deliveries: 30_000, kinds: ['raw-write'], limits: [less(2.2, 'JavaScript'), atMostTimes(1.2, 'raw-write')] },
  ] },
  { clients: 5000, rows: [
    { mode: 'w1', bytes: 100, deliveries: 100_000, kinds: ['raw-write'], limits: [less(1.7, 'JavaScript'), atMostTimes(1.25, 'raw-write')] },
    { mode: 'paced', bytes: 100, deliveries: 50_000, kinds: ['raw-write'], limits: [less(1.7, 'JavaScript'), atMostTimes(1.25, 'raw-write')] },
  ] },
];

const size = (bytes) => (bytes < 1024 ? `${bytes} B` : `${bytes / 1024} KB`);

function line({ mode, bytes, deliveries }, clients, quick) {
  const count = Math.max(2, Math.round(deliveries / clients / (quick ? 3 : 1)));
  return mode === 'paced' ? `paced ${10_000 / clients} ${count} ${bytes}` : `window ${mode.slice(1)} ${count} ${bytes}`;
}

export async function* measure({ build, rounds, quick, wants }) {
  for (const { clients, rows } of parts) {
    const N = quick ? clients / 2 : clients;
    const name = ({ mode, bytes }) => `fan-out, ${mode}, N = ${N}, ${size(bytes)}`;
    const latency = (percentile) => `latency, paced, N = ${N}, ${percentile}`;
    const wanted = rows.filter((row) => wants(name(row)) || (row.mode === 'paced' && (wants(latency('p50')) || wants(latency('p99')))));
    if (wanted.length === 0) continue;
    const found = await withLoads(build, all.filter((kind) => !kind.startsWith('raw') || wanted.some((row) => row.kinds.includes(kind))), N,
      async (loads) => {
        const results = [];
        for (const row of wanted) {
          const kinds = ['this project', 'JavaScript', ...row.kinds];
          results.push(await inTurns(loads, rounds, line(row, N, quick), kinds));
        }
        return results;
      });
    for (const [index, row] of wanted.entries()) {
      const { limits } = row;
      yield { work: name(row), unit: 'µs CPU/delivery', ...split(found[index], ({ cpu_us }) => cpu_us), limits };
      if (row.mode !== 'paced') continue;
      yield { work: latency('p50'), unit: 'µs', digits: 0, ...split(found[index], ({ p50_us }) => p50_us), limits: [shareOf(0.65, 'JavaScript')] };
      yield { work: latency('p99'), unit: 'µs', digits: 0, ...split(found[index], ({ p99_us }) => p99_us), limits: [shareOf(0.8, 'JavaScript')] };
    }
  }
}
