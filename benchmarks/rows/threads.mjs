// Two threads: how many times the work of one they would do on free cores. The load and Redis need the same cores, so that is computed
// from processor time: c1 / (c2 x s), with c1 and c2 the server's per delivery, and s the share of its busiest thread.
import { atLeast } from '../table.mjs';
import { threadTimes } from '../processes.mjs';
import { withLoads } from '../servers.mjs';

const kinds = ['one thread', 'two threads'];

/** Asks for one measurement: `{ cost, share }`. */
async function measureOnce({ processes: [{ pid }], ask }, line) {
  const before = threadTimes(pid);
  const { cpu_us: cost } = await ask(line);
  const times = Object.entries(threadTimes(pid)).map(([id, time]) => time - (before[id] ?? 0));
  return { cost, share: Math.max(...times) / times.reduce((sum, time) => sum + time, 0) };
}

export async function* measure({ build, rounds, quick, wants }) {
  const N = quick ? 500 : 1000;
  for (const [mode, line] of [['w1', `window 1 ${quick ? 60 : 200} 100`], ['w16', `window 16 ${quick ? 320 : 1600} 100`]]) {
    const work = `speed-up of two threads, fan-out, ${mode}, N = ${N}, 100 B`;
    if (!wants(work)) continue;
    const speedups = await withLoads(build, kinds, N, async (loads) => {
      const found = [];
      for (let round = -1; round < rounds; round++) {  // the first one warms up
        const one = await measureOnce(loads['one thread'], line), two = await measureOnce(loads['two threads'], line);
        if (round >= 0) found.push(one.cost / (two.cost * two.share));
      }
      return found;
    });
    yield { work, unit: 'times', ours: speedups, others: {}, limits: [atLeast(1.7)] };
  }
}
