// Emits per second and CPU per emit: library and tool beside the official emitter with both Redis clients. All take turns in
// each of several rounds, so that a machine whose speed drifts hits all alike; ratios are medians of the rounds' ratios.
//   side_by_side.mjs BUILD_FOLDER [--rounds N] [--emits N] [--bytes N]
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { cpus, tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const here = path.dirname(fileURLToPath(import.meta.url));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string', default: '5' }, emits: { type: 'string', default: '200000' }, bytes: { type: 'string', default: '100' } },
});
const build = path.resolve(positionals[0] ?? 'build');
const rounds = Number(values.rounds), emits = Number(values.emits), bytes = Number(values.bytes);
const folder = mkdtempSync(path.join(tmpdir(), 'socketio-bench-'));
const port = await freePort();
const redis = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no',
  '--loglevel', 'warning'], { stdio: 'ignore' });
process.on('exit', () => {
  redis.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});
process.on('SIGINT', () => process.exit(130));

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** Resolves once something listens there. */
function listening(target) {
  return new Promise((resolve, reject) => {
    const deadline = Date.now() + 10_000;
    const attempt = () => {
      const socket = connect(target, () => { socket.destroy(); resolve(); });
      socket.on('error', (error) => (Date.now() > deadline ? reject(error) : setImmediate(attempt)));
    };
    attempt();
  });
}

/** User and system time of a whole process in microseconds, wall time in seconds: what bash's `time` says. */
function wholeProcess(command, inputFile) {
  const script = 'TIMEFORMAT="%U %S %R"; time "$@" >/dev/null';
  const { status, stderr } = spawnSync('bash', ['-c', script, 'bash', ...command], {
    stdio: [openSync(inputFile, 'r'), 'ignore', 'pipe'], encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${command.join(' ')}\n${stderr}`);
  const [user, system, wall] = stderr.trim().split('\n').at(-1).split(' ').map(Number);
  return { cpu: (user + system) * 1e6, wall };
}

function batch(command) {
  const one = wholeProcess(command, oneLine), all = wholeProcess(command, allLines);
  return { cpu_us: (all.cpu - one.cpu) / emits, per_s: emits / Math.max(all.wall - one.wall, 1e-3) };
}

function loop(command) {
  const { status, stdout, stderr } = spawnSync(command[0], command.slice(1), { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command.join(' ')}\n${stderr}`);
  return JSON.parse(stdout);
}

const line = (id) => `${JSON.stringify({ rooms: ['room1'], event: 'msg', args: [{ id, text: 'x'.repeat(bytes) }] })}\n`;
const oneLine = path.join(folder, 'one.ndjson'), allLines = path.join(folder, 'all.ndjson');
writeFileSync(oneLine, line(0));
writeFileSync(allLines, Array.from({ length: emits }, (_, id) => line(id)).join(''));

await listening({ port, host: '127.0.0.1' });
const url = `redis://127.0.0.1:${port}`;

const official = path.join(here, 'official_emitter.mjs');
const kinds = {
  'official emitter, redis': () => loop([process.execPath, official, 'redis', url, String(emits), String(bytes)]),
  'official emitter, ioredis': () => loop([process.execPath, official, 'ioredis', url, String(emits), String(bytes)]),
  'this library': () => loop([path.join(build, 'benchmarks/emit_loop'), url, String(emits), String(bytes)]),
  'official emitter on NDJSON, redis': () => batch([process.execPath, official, 'redis', url, '-']),
  'official emitter on NDJSON, ioredis': () => batch([process.execPath, official, 'ioredis', url, '-']),
  'socketio-emit on NDJSON': () => batch([path.join(build, 'cli/socketio-emit'), '--redis', url, '--input', '-']),
};

const results = Object.fromEntries(Object.keys(kinds).map((kind) => [kind, []]));
for (let round = 0; round < rounds; round++) {
  for (const [kind, measure] of Object.entries(kinds)) results[kind].push(measure());
}

const median = (numbers) => {
  const sorted = [...numbers].sort((a, b) => a - b), middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};
const ratio = (kind, peer) => median(results[kind].map(({ cpu_us }, round) => results[peer][round].cpu_us / cpu_us)).toFixed(1);

const node = readFileSync('/proc/cpuinfo', 'utf8').match(/model name\s*: (.*)/)?.[1] ?? 'unknown processor';
console.log(`${cpus().length} x ${node}, Node ${process.version}, ${rounds} rounds of ${emits} emits, ${bytes}-byte texts, one room\n`);
console.log('| emitter | CPU µs/emit [min..max] | emits/s | CPU of the peer with redis | with ioredis |');
console.log('|---|---|---|---|---|');
for (const kind of Object.keys(kinds)) {
  const cpu = results[kind].map(({ cpu_us }) => cpu_us);
  const form = kind.includes('NDJSON') ? 'official emitter on NDJSON' : 'official emitter';
  console.log(`| ${kind} | ${median(cpu).toFixed(2)} [${Math.min(...cpu).toFixed(2)}..${Math.max(...cpu).toFixed(2)}] | ` +
    `${Math.round(median(results[kind].map(({ per_s }) => per_s)))} | ${ratio(kind, `${form}, redis`)} x | ${ratio(kind, `${form}, ioredis`)} x |`);
}
process.exit(0);
