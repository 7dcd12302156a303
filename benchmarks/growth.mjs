// How the cost grows: with connections, rooms, namespaces, servers of the fleet and sizes. Prints tables, draws plots/*.svg.
import path from 'node:path';
import { here, median, onServerCore, output, residentBytes, startRedis } from './processes.mjs';
import { plot, short } from './plot.mjs';
import { inTurns, withLoads } from './servers.mjs';

const both = ['this project', 'JavaScript'];
const cost = (answers) => median(answers.map(({ cpu_us }) => cpu_us));
const size = (bytes) => (bytes < 1024 ? `${bytes} B` : `${bytes / 1024} KB`);

/** `rows` is `{ name: [value per x] }`. The last column says how the cost of a unit grows while x grows as its head says. */
function print(title, xs, rows, { digits = 2, format = short } = {}) {
  console.log(`${title}\n\n| | ${xs.map(format).join(' | ')} | x ${short(xs.at(-1) / xs[0])} |\n|---|${xs.map(() => '---|').join('')}---|`);
  for (const [name, values] of Object.entries(rows)) {
    console.log(`| ${name} | ${values.map((value) => value.toFixed(digits)).join(' | ')} | x ${(values.at(-1) / values[0]).toFixed(2)} |`);
  }
  console.log();
}

/** A quick run leaves the plots of the last whole one alone. */
const draw = ({ build, quick }, file, xs, rows, texts) => plot(path.join(quick ? build : path.join(here, 'plots'), file), {
  ...texts,
  series: Object.entries(rows).map(([name, values]) => (
    { name, points: xs.map((x, index) => [x, values[index]]), dashed: name.endsWith(', w1') })),
});

/** Adds what the kinds' answers cost to the rows, under the kind's name and a mark of what was measured. */
function add(rows, mark, results, value = cost) {
  for (const [kind, answers] of Object.entries(results)) (rows[`${kind}${mark}`] ??= []).push(value(answers));
}

async function connections(context) {
  const { build, rounds, quick } = context;
  const xs = quick ? [500, 1000, 2000] : [1000, 2000, 4000, 8000, 16000];
  const deliveries = {}, others = {};
  for (const clients of xs) {
    await withLoads(build, [...both, 'raw-coalesce'], clients, async (loads) => {
      add(deliveries, ', w1', await inTurns(loads, rounds, `window 1 ${Math.max(4, Math.ceil(64_000 / clients))} 100`, both));
      add(deliveries, ', w16', await inTurns(loads, rounds, `window 16 ${Math.max(32, Math.ceil(64_000 / clients))} 100`));
      for (const kind of both) {
        add(others, ', connecting, µs CPU', { [kind]: [loads[kind].connecting] });
        add(others, ', memory, KB', { [kind]: loads[kind].processes }, ([{ pid }]) => residentBytes(pid) / 1024 / clients);
      }
    });
  }
  print('Fan-out against connections, 100 B, µs CPU per delivery', xs, deliveries);
  print('A connection, in a room of its own and one of all, the process included', xs, others);
  draw(context, 'connections.svg', xs, deliveries, { title: 'Cost of a delivery against connections', x: 'connections', y: 'µs CPU per delivery' });
}

async function rooms(context) {
  const { build, rounds, quick } = context;
  const xs = quick ? [1, 100, 1000] : [1, 10, 100, 1000, 10_000], rows = {};
  await withLoads(build, both, xs.at(-1), async (loads) => {
    for (const count of xs) add(rows, '', await inTurns(loads, rounds, `rooms ${count} ${quick ? 10_000 : 30_000} 100`));
  });
  print('A broadcast for one socket, by rooms that take turns, µs CPU', xs, rows);
  draw(context, 'rooms.svg', xs, rows, { title: 'Cost of a broadcast for one socket against rooms', x: 'rooms', y: 'µs CPU per broadcast' });
}

async function namespaces(context) {
  const { build, rounds, quick } = context;
  const xs = quick ? [1, 16] : [1, 4, 16, 64, 256], rows = {};
  for (const count of xs) {
    await withLoads(build, both, 1024, async (loads) => add(rows, '', await inTurns(loads, rounds, `rooms 1024 ${quick ? 5000 : 20_000} 100`)),
      { namespaces: count });
  }
  print('A broadcast for one socket, by namespaces that take turns, µs CPU', xs, rows);
}

async function servers(context) {
  const { build, rounds, quick } = context;
  const xs = quick ? [1, 2] : [1, 2, 4], rows = {};
  for (const count of xs) {
    await withLoads(build, both, 1000, async (loads) => {
      add(rows, ', delivery of a fan-out, w16', await inTurns(loads, rounds, 'window 16 160 100'));
      add(rows, ', broadcast for one socket', await inTurns(loads, rounds, `rooms 1000 ${quick ? 5000 : 20_000} 100`));
      add(rows, ', answers with 1000 sockets', await inTurns(loads, rounds, 'fetch 20'));
    }, { servers: count });
  }
  print('By servers in the fleet, 1000 connections in all, µs CPU of all servers together', xs, rows);
}

async function sizes(context) {
  const { build, rounds, quick } = context;
  const xs = quick ? [100, 4096, 65536] : [100, 1024, 4096, 16384, 65536];
  const rows = {};
  await withLoads(build, [...both, 'raw-coalesce'], 200, async (loads) => {
    for (const bytes of xs) add(rows, '', await inTurns(loads, rounds, `window 16 ${Math.round(bytes > 5000 ? 48 : 320)} ${bytes}`));
  });
  print('Fan-out against size of the text, w16, N = 200, µs CPU per delivery', xs, rows, { format: size });
  draw(context, 'sizes.svg', xs, rows, { title: 'Cost of a delivery against size', x: 'text', format: size, y: 'µs CPU per delivery' });
}

async function emits(context) {
  const { build, rounds, quick } = context;
  const xs = quick ? [100, 4096, 65536] : [100, 1024, 4096, 16384, 65536];
  const { url } = await startRedis();
  const official = (client) => [process.execPath, path.join(here, 'official_emitter.mjs'), client, url];
  const commands = {
    'this project': [path.join(build, 'benchmarks/emit_loop'), url],
    ioredis: official('ioredis'), redis: official('redis'),
    'raw, batch 512': [path.join(build, 'benchmarks/raw_emit'), url],
  };
  const rates = {}, costs = {};
  for (const bytes of xs) {
    const count = Math.min(quick ? 20_000 : 100_000, Math.round(2e8 / bytes));
    const results = Object.fromEntries(Object.keys(commands).map((kind) => [kind, []]));
    for (let round = 0; round < rounds; round++) {
      for (const [kind, command] of Object.entries(commands)) {
        results[kind].push(JSON.parse(await output(onServerCore([...command, String(count), String(bytes)]))));
      }
    }
    add(rates, '', results, (answers) => median(answers.map(({ per_s }) => per_s)));
    add(costs, '', results);
  }
  print('Emits per second against size of the text', xs, rates, { digits: 0, format: size });
  print('Emits against size of the text, µs CPU each', xs, costs, { format: size });
  draw(context, 'emits.svg', xs, rates, { title: 'Emits per second against size', x: 'text', format: size, y: 'emits per second' });
}

export async function measureGrowth(context) {
  for (const part of [connections, rooms, namespaces, servers, sizes, emits]) if (context.wants(part.name)) await part(context);
}
