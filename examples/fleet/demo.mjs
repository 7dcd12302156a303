// A tour of socketio-emit through a real fleet: two official Socket.IO servers on one Redis, four clients, and command lines
// whose effect is shown and checked. `./run demo` starts it; ends with status 0 when everything was as it should be.
//
//   node demo.mjs [--stay]     environment: SOCKETIO_EMIT (the tool), REDIS_URL (that Redis instead of one of our own)
//
// The packages come from tests/interop/peers.

import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { run } from '../../tests/interop/children.mjs';
import { Fleet, startRedis } from '../../tests/interop/fleet.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const toolPath = path.resolve(process.env.SOCKETIO_EMIT ?? path.join(root, 'build/cli/socketio-emit'));
const tool = path.relative(process.cwd(), toolPath).replace(/^(?!\.)/, './');  // as it is shown: to be typed in this folder
const colour = (code) => (text) => (process.stdout.isTTY && !process.env.NO_COLOR ? `\x1b[${code}m${text}\x1b[0m` : text);
const [bold, dim, red, green, cyan] = ['1', '2', '31', '32', '36'].map(colour);
const say = (line = '') => console.log(line);

const people = {
  Ada: { server: 0, rooms: ['kitchen'] },
  Ben: { server: 1, rooms: ['kitchen'] },
  Cleo: { server: 1, rooms: ['office'] },
  Dan: { server: 0, nsp: '/admin' },
};
const orderCount = 3000;
const picture = Buffer.from('89504e470d0a1a0a', 'hex');

/** The lines of the batch: every third order is for the office, the others are for the kitchen. */
const orders = Array.from({ length: orderCount }, (_, index) => ({
  event: 'order', args: [{ id: index + 1, dish: 'Käsespätzle 🧀' }], to: [index % 3 === 2 ? 'office' : 'kitchen'] }));
const ordersFor = (room) => orders.filter(({ to }) => to[0] === room).map(({ event, args }) => [event, ...args]);

const each = (names, event) => Object.fromEntries(names.split(' ').map((name) => [name, [event]]));

/** What is shown. `got` is who must get which events, `servers` what each server must get, `status` how the tool must end. */
const tour = (folder) => [
  { explain: 'One event to everybody in the main namespace, whichever server they are on.',
    args: ['news', '"The bakery is open"'],
    got: each('Ada Ben Cleo', ['news', 'The bakery is open']) },
  { explain: 'One room. Ada and Ben are in it, on two servers. An argument is JSON: numbers stay numbers.',
    args: ['--to', 'kitchen', 'order', '{"table":7,"dish":"Rösti 🥔","price":12.5}'],
    got: each('Ada Ben', ['order', { table: 7, dish: 'Rösti 🥔', price: 12.5 }]) },
  { explain: 'Everybody except a room.',
    args: ['--except', 'kitchen', 'quiet', 'true'], got: { Cleo: [['quiet', true]] } },
  { explain: 'A file arrives as binary (a Buffer here, an ArrayBuffer in a browser), beside other arguments.',
    args: ['--to', 'office', 'photo', '"logo.png"', `@${path.join(folder, 'logo.png')}`],
    got: { Cleo: [['photo', 'logo.png', picture]] } },
  { explain: 'Another namespace: only Dan is there.',
    args: ['--nsp', '/admin', '--string', 'alert', 'disk is full'], got: { Dan: [['alert', 'disk is full']] } },
  { explain: 'The sockets of the office are made to join the room "lunch". Clients do not notice.',
    args: ['--to', 'office', '--join', 'lunch'], got: {} },
  { explain: 'From now on events for "lunch" reach them.',
    args: ['--to', 'lunch', 'menu', '["soup","pasta"]'], got: { Cleo: [['menu', ['soup', 'pasta']]] } },
  { explain: 'An event for the servers themselves, not for clients.',
    args: ['--server-side', 'refresh', '"prices"'], got: {}, servers: [['refresh', 'prices']] },
  { explain: `A batch: ${orderCount} emits from a file, one JSON object a line, like ${JSON.stringify(orders[0])}.`,
    args: ['--output', 'text', '--input', path.join(folder, 'orders.ndjson')],
    got: { Ada: ordersFor('kitchen'), Ben: ordersFor('kitchen'), Cleo: ordersFor('office') }, shows: 'said' },
  { explain: 'A dry run shows what would be published, byte by byte, and touches no Redis.',
    args: ['--output', 'text', '--dry-run', '--to', 'kitchen', 'order', '42'], got: {}, shows: 'said' },
  { explain: 'A mistake is refused before anything is sent: this name belongs to Socket.IO itself.',
    args: ['disconnect', '"now"'], got: {}, status: 1, shows: 'said' },
];

// ---- showing ----------------------------------------------------------------------------------------------------------

const quote = (word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`);
const commandLine = (args) => [tool, ...args].map(quote).join(' ');

function showEvent([event, ...args]) {
  const show = (value) => (Buffer.isBuffer(value) ? `<${value.length} bytes ${value.toString('hex')}>` : JSON.stringify(value));
  return [event, ...args.map(show)].join('  ');
}

function showEvents(events) {
  if (events.length <= 2) return events.map(showEvent).join(' and ');
  return `${events.length} events, from  ${showEvent(events[0])}  to  ${showEvent(events.at(-1))}`;
}

function showStep(number, step, result, record) {
  say();
  say(bold(`${number}. ${step.explain}`));
  say(cyan(`   $ ${commandLine(step.args)}`));
  if (step.shows === 'said' || !result.ok) {
    for (const line of `${result.stdout}${result.stderr}`.trimEnd().split('\n')) say(`   ${line}`);
  }
  const silent = [];
  for (const name of Object.keys(people)) {
    const events = record.received[name];
    if (events) say(`   ${name.padEnd(5)} got  ${showEvents(events)}`);
    else silent.push(name);
  }
  for (const { server, event } of record.serverEvents) say(`   server ${server + 1} got  ${showEvent(event)}`);
  if (silent.length > 0) say(dim(`   ${silent.join(', ')} got nothing.`));
  say(result.ok ? green('   As expected.') : red(`   NOT as expected (exit status ${result.status}).`));
}

// ---- running ----------------------------------------------------------------------------------------------------------

async function runStep(fleet, env, step) {
  const result = await run(toolPath, step.args, { env });
  await fleet.settle();
  const record = fleet.take();
  const servers = fleet.servers.flatMap((_, server) => (step.servers ?? []).map((event) => ({ server, nsp: '/', event })));
  record.serverEvents.sort((a, b) => a.server - b.server);
  result.ok = result.status === (step.status ?? 0) && record.disconnected.length === 0 &&
    isDeepStrictEqual([record.received, record.serverEvents], [step.got, servers]);
  return { result, record };
}

async function stay(fleet, options) {
  for (const client of fleet.clients.values()) {
    client.socket.onAny((...event) => say(`   ${client.name.padEnd(5)} got  ${showEvent(event)}`));
  }
  say();
  say(bold('The fleet stays. Try, in another terminal in this folder:'));
  const command = [quote(tool), ...options].join(' ');
  say(cyan(`   ${command} --to kitchen hello '"world"'`));
  say(cyan(`   ${command} --to office --string note 'plain text'`));
  say(cyan(`   ${command} --nsp /admin stats '{"cpu":0.93}'`));
  say(cyan(`   ${command} --to kitchen --join lunch`));
  say(cyan(`   seq 1000 | ${command} --to lunch --input - --format lines number`));
  say('What the clients get appears here. Ctrl-C ends it.');
  process.removeAllListeners('SIGINT');
  await new Promise((resolve) => process.once('SIGINT', resolve));
}

/** The environment of the commands: nothing that the user has set for other fleets. */
function environment(redis, key) {
  const others = Object.entries(process.env).filter(([name]) => !name.startsWith('SOCKETIO_') && name !== 'REDIS_URL');
  return { ...Object.fromEntries(others), SOCKETIO_REDIS: redis.url, SOCKETIO_KEY: key };
}

async function main() {
  if (!existsSync(toolPath)) throw new Error(`${tool} is not there: build it first, with ./run build`);
  const folder = mkdtempSync(path.join(tmpdir(), 'socketio-demo-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(path.join(folder, 'logo.png'), picture);
  writeFileSync(path.join(folder, 'orders.ndjson'), orders.map((order) => `${JSON.stringify(order)}\n`).join(''));

  const given = process.env.REDIS_URL;
  const redis = given ? { url: given, close() {} } : await startRedis();
  const key = given ? `socketio-demo-${process.pid}` : 'socket.io';  // keeps apart from a fleet that may live there
  const fleet = await Fleet.start({ redisUrl: redis.url, key, namespaces: ['/', '/admin'], serverEvents: ['refresh'] });
  await fleet.connect(people);

  say(given ? `Using the Redis of REDIS_URL, with the key ${key} of our own.` : `A private Redis listens at ${redis.url}.`);
  say('Two JavaScript servers share it: server 1 with the package "redis", server 2 with "ioredis". Their clients:');
  for (const [name, { server, nsp = '/', rooms = [] }] of Object.entries(people)) {
    say(`   ${name.padEnd(5)} on server ${server + 1}, namespace ${nsp}${rooms.length ? `, room ${rooms.join(', ')}` : ''}`);
  }
  say('The commands find Redis in their environment:');
  say(cyan(given ? `   export SOCKETIO_REDIS="$REDIS_URL" SOCKETIO_KEY=${key}` : `   export SOCKETIO_REDIS=${redis.url}`));

  let failures = 0;
  const env = environment(redis, key);
  const steps = tour(folder);
  for (const [index, step] of steps.entries()) {
    const { result, record } = await runStep(fleet, env, step);
    showStep(index + 1, step, result, record);
    if (!result.ok) ++failures;
  }
  say();
  if (failures === 0) say(green('All steps did what they should.'));
  else say(red(`${failures} of ${steps.length} steps did not do what they should.`));

  const where = given ? ['--redis "$REDIS_URL"', `--key ${key}`] : ['--redis', redis.url];
  if (process.argv.includes('--stay')) await stay(fleet, where);
  await fleet.close();
  await redis.close();
  process.exit(failures === 0 ? 0 : 1);
}

await main().catch((error) => {
  console.error(`demo: ${error.message}`);
  process.exit(1);
});
