// Called by `./run bench`, which builds first: prints the project's whole performance table, and what else there is to measure.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { packageFolder } from '../tests/interop/packages.mjs';
import { redisServer } from '../tests/interop/redis_programs.mjs';
import { here, load, machine, output } from './processes.mjs';
import { header, line } from './table.mjs';

const usage = `Usage: ./run bench [OPTION]...

  --quick         one round, with smaller numbers: a try in two minutes
  --rounds N      paired rounds, whose medians count (default 5)
  --only REGEX    only the rows and parts with such a name (parts: codecs, instructions, transports, tap)
  --growth        instead: how the cost grows with connections, rooms, namespaces, servers and sizes; draws benchmarks/plots/*.svg
                  (with --quick: build/*.svg)
`;

function options() {
  try {
    return parseArgs({ options: {
      quick: { type: 'boolean', default: false }, rounds: { type: 'string' }, only: { type: 'string', default: '' },
      growth: { type: 'boolean', default: false }, help: { type: 'boolean', default: false },
    } }).values;
  } catch (error) {
    console.error(`${error.message}\n\n${usage}`);
    process.exit(1);
  }
}

const { quick, rounds: given, only, growth, help } = options();
if (help) {
  console.log(usage);
  process.exit(0);
}
const pattern = new RegExp(only);
const context = { build: path.resolve(here, '../build'), quick, rounds: Number(given ?? (quick ? 1 : 5)), wants: (name) => pattern.test(name) };
if (!(context.rounds >= 1)) {
  console.error(`--rounds ${given} is no number of rounds.`);
  process.exit(1);
}

function commit() {
  const git = (...words) => execFileSync('git', ['-C', here, ...words], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  try {
    return `commit ${git('rev-parse', '--short', 'HEAD')}${git('status', '--porcelain', '-uno') === '' ? '' : ' with changes'}`;
  } catch {
    return 'no commit';
  }
}

function peers() {
  const names = ['socket.io', 'engine.io', 'ws', '@socket.io/redis-adapter', '@socket.io/redis-emitter', 'ioredis', 'redis'];
  const version = (name) => JSON.parse(readFileSync(path.join(packageFolder, name, 'package.json'), 'utf8')).version;
  const redis = execFileSync(redisServer, ['--version'], { encoding: 'utf8' }).match(/v=(\S+)/)[1];
  return `${names.map((name) => `${name} ${version(name)}`).join(', ')}, Redis ${redis}`;
}

console.log(`${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC, ${commit()}; ${machine()}; load before it ${load()} ` +
  `(1 and 5 minutes); ${context.rounds === 1 ? 'one round' : `medians of ${context.rounds} paired rounds`}\n`);
console.log(`Peers: ${peers()}.\n`);

if (growth) {
  const { measureGrowth } = await import('./growth.mjs');
  await measureGrowth(context);
  process.exit(0);
}

let told = false;
for (const part of ['emit', 'fan_out', 'receive', 'connections', 'threads']) {
  const { measure } = await import(`./rows/${part}.mjs`);
  for await (const row of measure(context)) {
    if (!context.wants(row.work)) continue;
    if (!told) console.log(header);
    told = true;
    console.log(line(row));
  }
}

const built = (name) => path.join(context.build, name);
const script = (name, ...args) => [process.execPath, path.join(here, name), context.build, ...args];

/** The counts do not depend on the machine, and hardly on the compiler: they are shown with any. */
async function instructions() {
  const folder = path.resolve(here, '../tests/instructions'), program = built('tests/instructions/hot_paths');
  if (!existsSync(program)) return 'Not built.';
  const baseline = path.join(folder, 'baseline.json'), { compiler } = JSON.parse(readFileSync(baseline, 'utf8'));
  return output(['python3', path.join(folder, 'check.py'), program, baseline, compiler], { accept: [0, 1, 77] });
}

const parts = [
  ['codecs', 'Codecs, nanoseconds per packet (Google Benchmark)', () => output([built('benchmarks/codecs'), '--benchmark_color=false',
    ...(quick ? ['--benchmark_min_time=0.1'] : [])], { stdio: ['ignore', 'pipe', 'ignore'] })],
  ['instructions', 'Hot paths, instructions (callgrind; `./run test` holds them to their limits)', instructions],
  ['transports', 'Emitting, by transport', () => output(script('transports.mjs', '--rounds', String(context.rounds), '--emits', quick ? '50000' : '200000'))],
  ['tap', 'Listening to 100,000 messages a second', () => output(script('tap.mjs', '--seconds', quick ? '2' : '10'))],
];
for (const [name, title, run] of parts) {
  if (!context.wants(name)) continue;
  console.log(`\n${title}\n\n${(await run()).trimEnd()}`);
}
process.exit(0);
