// What socketio-fleet tap costs on a busy bus, and whether its counts are exact: with a filter that matches one message in a hundred,
// and when it prints everything to a reader that is too slow. A count that is not exact ends it with status 1.
//   tap.mjs BUILD_FOLDER [--rate PER_SECOND] [--seconds N] [--text BYTES]
import { once } from 'node:events';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { cpuSeconds, machine, output, start, startRedis } from './processes.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rate: { type: 'string', default: '100000' }, seconds: { type: 'string', default: '10' }, text: { type: 'string', default: '120' } },
});
const build = path.resolve(positionals[0] ?? 'build');
const { url, pid: redis } = await startRedis();
let wrong = 0;

function check(name, one, other) {
  if (one === other) return;
  console.error(`${name} is ${one}, and should be ${other}`);
  wrong = 1;
}

/** Counts lines, and takes those apart in which the tap tells of itself. Reads no faster than `bytesPerSecond`. */
function reader(stream, bytesPerSecond) {
  const read = { lines: 0, told: 0, summary: {} };
  let rest = '';
  stream.setEncoding('latin1').on('data', (chunk) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop();
    for (const line of lines) {
      if (line.startsWith('{"kind":"dropped"')) read.told += JSON.parse(line).count;
      else if (line.startsWith('{"kind":"summary"')) read.summary = JSON.parse(line);
      else read.lines += 1;
    }
    if (bytesPerSecond === Infinity) return;
    stream.pause();
    setTimeout(() => stream.resume(), chunk.length / bytesPerSecond * 1e3);
  });
  return read;
}

/** A tap that ends with the message that is the `limit`th for it. Resolves once it listens. */
async function startTap(limit, args, bytesPerSecond) {
  const words = ['tap', '--redis', url, '--output', 'json', '--timeout', '1m', '--limit', String(limit), ...args];
  const child = start(['bash', '-c', 'TIMEFORMAT="cpu %U %S"; time "$@"', 'bash', path.join(build, 'cli/socketio-fleet'), ...words],
    { stdio: ['ignore', 'pipe', 'pipe'] });
  const read = reader(child.stdout, bytesPerSecond);
  const ended = once(child, 'close');
  let said = '';
  await new Promise((resolve, reject) => {
    child.stderr.setEncoding('utf8').on('data', (text) => {
      said += text;
      if (said.includes('Listening')) resolve();
    });
    ended.then(() => reject(new Error(said)));
  });
  return async () => {
    const [status] = await ended;
    const [user, system] = said.match(/^cpu (\S+) (\S+)$/m).slice(1).map(Number);
    return { status, read, cpu: user + system };
  };
}

const load = async () => JSON.parse(
  await output([path.join(build, 'benchmarks/paced_load'), url, values.rate, values.seconds, values.text]));

const total = Math.floor(Number(values.rate) * Number(values.seconds)) + 1;  // and the end
const wanted = Math.ceil((total - 1) / 100) + 1;
const slow = 4_000_000;

async function run(name, limit, args, bytesPerSecond, expected) {
  const tap = await startTap(limit, args, bytesPerSecond);
  const before = cpuSeconds(redis);
  const { published, seconds, behind_ms } = await load();
  const redisShare = (cpuSeconds(redis) - before) / seconds;
  const { status, read: { lines, told, summary }, cpu } = await tap();
  check('published', published, total);
  check('seen', summary.seen, published);
  check('shown, passed over and dropped', summary.shown + summary.passed_over + summary.dropped, summary.seen);
  check('lines read', lines, summary.shown);
  check('dropped, as told between the lines', told, summary.dropped);
  check('interruptions', summary.interruptions, 0);
  expected(status, summary);
  const percent = (share) => `${Math.round(share * 100)} %`;
  console.log(`| ${name} | ${Math.round(published / seconds)} | ${Math.round(summary.bytes / summary.seen)} | ${percent(cpu / seconds)} | ` +
    `${(cpu * 1e6 / summary.seen).toFixed(2)} | ${summary.seen} | ${summary.shown} | ${summary.passed_over} | ${summary.dropped} | ` +
    `${percent(redisShare)} | ${Math.round(behind_ms)} |`);
}

console.log(`${machine()}, classic fleet, ${values.seconds} s each\n`);
console.log('| tap | messages/s | bytes each | CPU, share of a core | µs/message | seen | shown | passed over | dropped | redis-server | publisher behind by ms |');
console.log('|---|---|---|---|---|---|---|---|---|---|---|');
await run('--to wanted (1 %)', wanted, ['--to', 'wanted'], Infinity, (status, summary) => {
  check('status', status, 0);
  check('shown', summary.shown, wanted);
  check('dropped', summary.dropped, 0);
});
await run(`everything, to a reader of ${slow / 1e6} MB/s`, total, [], slow, (status, summary) => {
  check('status', status, 3);
  check('passed over', summary.passed_over, 0);
  if (summary.dropped === 0) check('dropped', 0, 'more');
});
process.exit(wrong);
