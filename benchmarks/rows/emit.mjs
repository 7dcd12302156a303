// Emitting: the tool on NDJSON and the library in a loop beside the official emitter and a raw publisher, by CPU of the process.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { redisCli } from '../../tests/interop/redis_programs.mjs';
import { here, onServerCore, output, startRedis, temporaryFolder } from '../processes.mjs';
import { atMost, less, ofRate, split } from '../table.mjs';

const folder = temporaryFolder();
const official = (client, ...rest) => [process.execPath, path.join(here, 'official_emitter.mjs'), client, ...rest];
const line = (id, bytes) => `${JSON.stringify({ rooms: ['room1'], event: 'msg', args: [{ id, text: 'x'.repeat(bytes) }] })}\n`;
const short = (bytes) => (bytes < 1024 ? `${bytes} B` : `${bytes / 1024} KB`);

function ndjson(name, lines, bytes) {
  const file = path.join(folder, name);
  writeFileSync(file, Array.from({ length: lines }, (_, id) => line(id, bytes)).join(''));
  return file;
}

const cost = async (build, calls, input, command) =>
  JSON.parse(await output(onServerCore([path.join(build, 'benchmarks/process_cost'), String(calls), input, ...command])));

/** CPU of the whole process per line, without that of a process that reads a single line. */
async function perLine(build, command, one, all, lines) {
  const start = await cost(build, 1, one, command), whole = await cost(build, 1, all, command);
  return (whole.cpu_us - start.cpu_us) / lines;
}

async function rounds(count, kinds) {
  const results = Object.fromEntries(Object.keys(kinds).map((kind) => [kind, []]));
  for (let round = 0; round < count; round++) {
    for (const [kind, measure] of Object.entries(kinds)) results[kind].push(await measure());
  }
  return results;
}

async function* onNdjson({ build, rounds: count, quick, wants }, url) {
  for (const { bytes, lines, limits } of [
    { bytes: 100, lines: 100_000, limits: [atMost(1.0), less(13, 'ioredis')] },
    { bytes: 1024, lines: 50_000, limits: [atMost(2.0), less(9, 'ioredis')] },
    { bytes: 65536, lines: 2000, limits: [atMost(75), less(5, 'ioredis')] },
  ]) {
    const work = `emit, socketio-emit on NDJSON, ${short(bytes)}`;
    if (!wants(work)) continue;
    const counted = quick ? lines / 2 : lines;
    const one = ndjson('one.ndjson', 1, bytes), all = ndjson('all.ndjson', counted, bytes);
    const measure = (command) => () => perLine(build, command, one, all, counted);
    const { 'this project': ours, ...others } = await rounds(count, {
      'this project': measure([path.join(build, 'cli/socketio-emit'), '--redis', url, '--input', '-']),
      ioredis: measure(official('ioredis', url, '-')),
    });
    yield { work, unit: 'µs CPU', ours, others, limits };
  }
}

async function* inLoop({ build, rounds: count, quick, wants }, url) {
  const [cpu, rate] = ['emit, library, 100 B', 'emits per second, library, 100 B'];
  if (!wants(cpu) && !wants(rate)) return;
  const emits = String(quick ? 100_000 : 200_000);
  const loop = (command) => async () => JSON.parse(await output(onServerCore(command)));
  const results = await rounds(count, {
    'this project': loop([path.join(build, 'benchmarks/emit_loop'), url, emits, '100']),
    ioredis: loop(official('ioredis', url, emits, '100')),
    redis: loop(official('redis', url, emits, '100')),
    'raw, batch 512': loop([path.join(build, 'benchmarks/raw_emit'), url, emits, '100']),
  });
  yield { work: cpu, unit: 'µs CPU', ...split(results, ({ cpu_us }) => cpu_us), limits: [atMost(0.7), less(12, 'ioredis')] };
  yield { work: rate, unit: 'emits/s', digits: 0, ...split(results, ({ per_s }) => per_s), limits: [ofRate(0.9, 'raw, batch 512')] };
}

async function* oneShot({ build, rounds: count, quick, wants }, url) {
  const [wall, memory] = ['one emit from a shell, wall', 'one emit from a shell, memory'];
  if (!wants(wall) && !wants(memory)) return;
  const one = ndjson('one.ndjson', 1, 100);
  const many = quick ? 50 : 200;
  const once = (calls, command) => () => cost(build, calls, one, command);
  const results = await rounds(count, {
    'this project': once(many, [path.join(build, 'cli/socketio-emit'), '--redis', url, '--input', '-']),
    'node + ioredis': once(3, official('ioredis', url, '-')),
    'redis-cli publish': once(many, [redisCli, '-u', url, 'publish', 'socket.io#/#room1#', 'x'.repeat(180)]),
    'nothing (/bin/true)': once(many, ['/bin/true']),
  });
  yield { work: wall, unit: 'ms', ...split(results, ({ wall_ms }) => wall_ms),
    limits: [atMost(1.5), less(85, 'node + ioredis'), less(2, 'redis-cli publish')] };
  yield { work: memory, unit: 'MB', digits: 1, ...split(results, ({ resident_kb }) => resident_kb / 1024), limits: [atMost(5)] };
}

export async function* measure(context) {
  const { url } = await startRedis();
  yield* onNdjson(context, url);
  yield* inLoop(context, url);
  yield* oneShot(context, url);
}
