// The official emitter doing the same work: official_emitter.mjs redis|ioredis URL COUNT TEXT_BYTES, or with `-` for COUNT:
// NDJSON from standard input. emit() gives no back pressure, so each batch ends with a PING that is awaited.
import { createInterface } from 'node:readline';
import { official } from '../tests/interop/packages.mjs';

const { Emitter } = official('@socket.io/redis-emitter');
const [kind, url, count, size] = process.argv.slice(2);
const batch = 1000;

async function connect() {
  if (kind === 'ioredis') return new (official('ioredis').Redis)(url);
  const client = official('redis').createClient({ url });
  await client.connect();
  return client;
}

const client = await connect();
await client.ping();
const io = new Emitter(client);

async function loop(emits, text) {
  for (let id = 0; id < emits; id++) {
    io.to('room1').emit('msg', { id, text });
    if (id % batch === batch - 1) await client.ping();
  }
  await client.ping();
}

if (count === '-') {
  let lines = 0;
  for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
    const { rooms, event, args } = JSON.parse(line);
    io.to(rooms).emit(event, ...args);
    if (++lines % batch === 0) await client.ping();
  }
  await client.ping();
} else {
  const emits = Number(count), text = 'x'.repeat(Number(size));
  await loop(Math.ceil(emits / 5), text);
  const cpu = process.cpuUsage(), wall = process.hrtime.bigint();
  await loop(emits, text);
  const used = process.cpuUsage(cpu);
  console.log(JSON.stringify({
    cpu_us: (used.user + used.system) / emits,
    per_s: emits / (Number(process.hrtime.bigint() - wall) / 1e9),
  }));
}
process.exit(0);
