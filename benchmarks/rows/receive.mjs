// What a server pays for each message of the fleet that concerns none of its sockets, or one of them; and for answering a question.
import { atMost, less } from '../table.mjs';
import { inTurns, withLoads } from '../servers.mjs';

const rows = [
  { work: 'broadcast for an absent room', unit: 'µs CPU', line: (quick) => `absent ${quick ? 50_000 : 150_000} 100`,
    limits: [atMost(0.5), less(6, 'JavaScript')] },
  { work: 'broadcast for one socket', unit: 'µs CPU', line: (quick) => `rooms 1 ${quick ? 20_000 : 40_000} 100`, limits: [less(2, 'JavaScript')] },
  { work: '1000 rooms with one socket each', unit: 'µs CPU', line: (quick) => `rooms 1000 ${quick ? 20_000 : 40_000} 100`,
    limits: [less(2.5, 'JavaScript')] },
  { work: 'fetchSockets, answer for 1000 sockets', unit: 'ms CPU', scale: 1e-3, line: () => 'fetch 20',
    limits: [atMost(1), less(10, 'JavaScript')] },
];

export async function* measure({ build, rounds, quick, wants }) {
  const wanted = rows.filter(({ work }) => wants(work));
  if (wanted.length === 0) return;
  const found = await withLoads(build, ['this project', 'JavaScript'], 1000, async (loads) => {
    const results = [];
    for (const { line } of wanted) results.push(await inTurns(loads, rounds, line(quick)));
    return results;
  });
  for (const [index, { work, unit, scale = 1, limits }] of wanted.entries()) {
    const of = (kind) => found[index][kind].map(({ cpu_us }) => cpu_us * scale);
    yield { work, unit, ours: of('this project'), others: { JavaScript: of('JavaScript') }, limits };
  }
}
