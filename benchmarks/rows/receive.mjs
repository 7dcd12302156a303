// What a server pays for each message of the fleet that concerns none of its sockets, or one of them; and for answering a question.
// `raw-coalesce` reads the messages and writes to the sockets; it decodes nothing and knows no rooms.
import { atMost, less, split } from '../table.mjs';
import { inTurns, withLoads } from '../servers.mjs';

const both = ['this project', 'JavaScript'];

const rows = [
  { work: 'broadcast for an absent room', unit: 'µs CPU', line: (quick) => `absent ${quick ? 50_000 : 150_000} 100`,
    limits: [atMost(0.5), less(6, 'JavaScript')] },
  { work: 'broadcast for one socket', unit: 'µs CPU', line: (quick) => `rooms 1 ${quick ? 20_000 : 40_000} 100`, limits: [less(2, 'JavaScript')] },
  { work: '1000 rooms with one socket each', unit: 'µs CPU', line: (quick) => `rooms 1000 ${quick ? 20_000 : 40_000} 100`,
    limits: [less(2.5, 'JavaScript')] },
  { work: 'fetchSockets, answer for 1000 sockets', unit: 'ms CPU', scale: 1e-3, line: () => 'fetch 20', kinds: both,
    limits: [atMost(1), less(10, 'JavaScript')] },
];

export async function* measure({ build, rounds, quick, wants }) {
  const wanted = rows.filter(({ work }) => wants(work));
  if (wanted.length === 0) return;
  const found = await withLoads(build, [...both, 'raw-coalesce'], 1000, async (loads) => {
    const results = [];
    for (const { line, kinds } of wanted) results.push(await inTurns(loads, rounds, line(quick), kinds));
    return results;
  });
  for (const [index, { work, unit, scale = 1, limits }] of wanted.entries()) {
    yield { work, unit, ...split(found[index], ({ cpu_us }) => cpu_us * scale), limits };
  }
}
