// What an emit costs on each transport: the library's part, and that of redis-server.
//   transports.mjs BUILD_FOLDER [--rounds N] [--emits N] [--bytes N]
import path from 'node:path';
import { parseArgs } from 'node:util';
import { cpuSeconds, machine, median, output, startRedis } from './processes.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string', default: '5' }, emits: { type: 'string', default: '200000' }, bytes: { type: 'string', default: '100' } },
});
const build = path.resolve(positionals[0] ?? 'build');
const { rounds, emits, bytes } = Object.fromEntries(Object.entries(values).map(([name, text]) => [name, Number(text)]));
const transports = ['classic', 'sharded', 'streams'];
const { url, pid } = await startRedis();

async function measure(transport) {
  const before = cpuSeconds(pid), began = performance.now();
  const out = await output([path.join(build, 'benchmarks/emit_loop'), url, String(emits), String(bytes), transport]);
  const redis = cpuSeconds(pid) - before, seconds = (performance.now() - began) / 1e3;
  const all = emits + Math.floor(emits / 5) + 1;  // it warms up with a fifth
  return { ...JSON.parse(out), redis_us: redis * 1e6 / all, redis_share: redis / seconds };
}

const results = Object.fromEntries(transports.map((transport) => [transport, []]));
for (let round = 0; round < rounds; round++) {
  for (const transport of transports) results[transport].push(await measure(transport));
}

console.log(`${machine()}, ${rounds} rounds of ${emits} emits, ${bytes}-byte texts, one room\n`);
console.log('| transport | CPU µs/emit | of classic | emits/s | redis-server µs/emit | redis-server, share of a core |');
console.log('|---|---|---|---|---|---|');
for (const [transport, all] of Object.entries(results)) {
  const of = (name) => median(all.map((result) => result[name]));
  const ratio = median(all.map(({ cpu_us }, round) => cpu_us / results.classic[round].cpu_us));
  console.log(`| ${transport} | ${of('cpu_us').toFixed(2)} | ${ratio.toFixed(2)} x | ${Math.round(of('per_s'))} | ` +
    `${of('redis_us').toFixed(2)} | ${Math.round(of('redis_share') * 100)} % |`);
}
process.exit(0);
