// socketio-fleet servers, rooms, sockets and count, in front of fleets of official servers with real clients.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, afterEach, before, describe, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { end, run, start } from './children.mjs';
import { connected, startServer } from './conformance.mjs';
import { InspectedFleet, countedChannel, until } from './inspected_fleet.mjs';

const tool = process.env.SOCKETIO_FLEET;
const skip = tool ? false : 'SOCKETIO_FLEET does not name a socketio-fleet';
const transports = ['classic', 'sharded', 'streams'];
const commands = ['servers', 'rooms', 'sockets', 'count'];
const namespaces = ['/', '/chat'];
const byId = (a, b) => (a.id < b.id ? -1 : 1);

describe('asking with socketio-fleet', { skip }, () => {
  let fleet;
  const cleanUp = [];

  before(async () => { fleet = await InspectedFleet.start(); });
  after(() => fleet?.close());
  afterEach(async () => {
    for (const task of cleanUp.splice(0).reverse()) await task();
    await fleet.removeServers();
  });

  const env = () => ({ PATH: process.env.PATH, REDIS_URL: fleet.url });
  /** Resolves to the objects that it printed, with `status` and `stderr`. */
  async function ask(command, args = []) {
    const { status, stdout, stderr } = await run(tool, [command, '-o', 'json', ...args], { env: env() });
    const lines = stdout.split('\n').slice(0, -1).map((line) => JSON.parse(line));
    return Object.assign(lines, { status, stderr });
  }
  /** The lines of an answer that is whole. */
  async function all(command, args) {
    const lines = await ask(command, args);
    assert.deepEqual([lines.status, lines.stderr], [0, '']);
    return [...lines];
  }
  const plain = (lines) => [...lines];

  /** Two servers; ada and cleo are on the first one, ben on the second, dora in another namespace there. */
  async function inhabited(transport, options = {}) {
    const servers = [await fleet.add({ transport, namespaces, options }), await fleet.add({ transport, namespaces, options })];
    const clients = {
      ada: await servers[0].client({ rooms: ['kitchen', 'ünï#1'], data: { seat: 1, tags: ['a', null] } }),
      cleo: await servers[0].client({ rooms: ['office', 42] }),
      ben: await servers[1].client({ rooms: ['kitchen', 'office'], data: { seat: 2 } }),
      dora: await servers[1].client({ nsp: '/chat', rooms: ['kitchen'] }),
    };
    if (transport === 'sharded') {  // servers subscribe to rooms without waiting for it
      const rooms = { '/#kitchen': 2, '/#office': 2, '/#ünï#1': 1, '/#42': 1, '/chat#kitchen': 1 };
      const wanted = Object.entries(rooms).flatMap(([room, count]) => [`socket.io#${room}#`, count]);
      const channels = wanted.filter((part) => typeof part === 'string');
      await until(async () => isDeepStrictEqual(await fleet.command('PUBSUB', 'SHARDNUMSUB', ...channels), wanted),
        'the rooms have no channels');
    }
    return { servers, clients, on: ['--transport', transport] };
  }

  for (const transport of transports) describe(transport, () => {
    test('sockets are as a server of the fleet itself sees them', async () => {
      const { servers, clients: { ada, dora }, on } = await inhabited(transport);
      for (const [where, args] of [[{}, []], [{ to: ['kitchen'] }, ['--to', 'kitchen']], [{ nsp: '/chat' }, ['-n', 'chat']],
        [{ to: ['kitchen', 'office'], except: ['ünï#1'] }, ['-t', 'kitchen', '--room', 'office', '-x', 'ünï#1']],
        [{ to: [42] }, ['--room-number', '42']]]) {
        const sockets = await all('sockets', [...on, ...args]);
        assert.ok(sockets.length > 0);
        assert.deepStrictEqual(sockets.sort(byId), (await servers[0].op('sockets', where)).sort(byId));
      }
      const [alone] = await all('sockets', [...on, '-t', ada.id]);
      assert.deepEqual(Object.keys(alone), ['id', 'rooms', 'data', 'handshake']);
      assert.deepEqual(alone.data, { seat: 1, tags: ['a', null] });
      assert.deepEqual(await all('sockets', [...on, '-t', dora.id]), []);
    });

    test('count', async () => {
      const { on } = await inhabited(transport);
      for (const [args, count] of [[[], 3], [['-t', 'kitchen'], 2], [['-t', 'kitchen', '-t', 'office', '-x', 'kitchen'], 1],
        [['--except', 'office'], 1], [['-t', 'nobody'], 0], [['-n', '/chat'], 1]]) {
        assert.deepEqual(await all('count', [...on, ...args]), [{ count }]);
      }
    });

    test('rooms and their sizes, the largest first, ids of sockets last', async () => {
      const { clients: { ada, ben, cleo }, on } = await inhabited(transport);
      await fleet.servers[0].op('socketsJoin', { to: [ada.id], rooms: [ben.id] });  // somebody listens in ben's own room
      await until(async () => (await all('count', [...on, '-t', ben.id]))[0].count === 2, 'nobody joined');
      const rooms = [['kitchen', 2], ['office', 2], ['42', 1], ['ünï#1', 1]].map(([room, sockets]) => ({ room, sockets }));
      const ids = [ada.id, cleo.id].sort().map((room) => ({ room, sockets: 1 }));
      assert.deepEqual(await all('rooms', on), [...rooms, { room: ben.id, sockets: 2 }, ...ids]);
      assert.deepEqual(await all('rooms', [...on, '--without-ids']), rooms);
    });

    test('servers', async () => {
      const { servers, on } = await inhabited(transport);
      const lines = await all('servers', on);
      assert.deepEqual(lines.map(({ namespaces: [nsp], sockets }) => [nsp, sockets]).sort(),
        [['/', 1], ['/', 2], ['/chat', 0], ['/chat', 1]]);
      for (const line of lines) {
        assert.deepEqual(Object.keys(line), ['uid', 'namespaces', 'transport', 'ms', 'sockets']);
        assert.deepEqual([line.namespaces.length, line.transport], [1, transport]);
        assert.ok(Number.isInteger(line.ms) && line.ms >= 0);
      }
      const uids = await Promise.all(servers.map((server) => server.op('uid', { nsp: '/chat' })));
      assert.deepEqual((await all('servers', [...on, '-n', 'chat'])).map(({ uid }) => uid).sort(),
        transport === 'classic' ? [null, null] : uids.sort());
    });

    test('a server that does not answer is missing, and the others are shown, with status 5', async () => {
      const { servers: [, paused], clients: { ada, cleo }, on } = await inhabited(transport);
      const uid = await paused.op('uid');
      paused.signal('SIGSTOP');
      const limited = [...on, '-n', '/', '--timeout', '3s'];
      const [servers, rooms, sockets, count] = await Promise.all(commands.map((command) => ask(command, limited)));
      for (const lines of [servers, rooms, sockets, count]) {
        assert.equal(lines.status, 5);
        assert.deepEqual(lines.pop(), { missing: 1 });
        assert.match(lines.stderr, /1 of 2 servers did not answer within 3s \(namespace \/, /);
        if (transport !== 'classic') assert.ok(lines.stderr.includes(uid), lines.stderr);
      }
      assert.deepEqual(servers.map(({ sockets: number }) => number), [2]);
      assert.deepEqual(rooms.find(({ room }) => room === 'kitchen'), { room: 'kitchen', sockets: 1 });
      assert.deepEqual(sockets.map(({ id }) => id).sort(), [ada.id, cleo.id].sort());
      assert.deepEqual(plain(count), [{ count: 2 }]);
    });

    test("the fleet's own questions go on beside ours, whole, and nothing is left behind", async () => {
      const { servers, on } = await inhabited(transport);
      const before = await fleet.state();
      const ours = (async () => {
        for (let n = 0; n < 12; ++n) {
          await all(commands[n % commands.length], on);
          assert.equal(await fleet.count(transport), 2);
        }
      })();
      const own = (async () => {
        for (let n = 0; n < 40; ++n) {
          assert.equal(await servers[n % 2].op('fetchSockets'), 3);
          const { error, responses } = await servers[n % 2].op('serverSideEmitWithAck', { args: ['ping'] });
          assert.deepEqual([error, responses], [null, ['pong']]);
        }
      })();
      await Promise.all([ours, own]);
      await fleet.untilState(before);
    });

    test('killed while it waits, it leaves nothing behind', async () => {
      await fleet.add({ transport });
      const paused = await fleet.add({ transport });
      paused.signal('SIGSTOP');
      const before = await fleet.state();
      const asking = start(tool, ['sockets', '--transport', transport, '--timeout', '1m'], { env: env(), stdio: 'ignore' });
      await until(async () => {
        const { channels, shards } = await fleet.state();
        return [...channels, ...shards].some((channel) => /#ask(er)?-/.test(channel));
      }, 'it does not ask');
      assert.equal(await fleet.count(transport), 2);
      asking.kill('SIGKILL');
      await asking.exited;
      await fleet.untilState(before);
    });

    test('interrupted, it ends at once with what has come', async () => {
      const { on } = await inhabited(transport);
      fleet.servers[1].signal('SIGSTOP');
      const asking = start(tool, ['sockets', ...on, '--timeout', '1m'], { env: env(), stdio: ['ignore', 'pipe', 'inherit'] });
      let text = '';
      asking.stdout.setEncoding('utf8').on('data', (part) => { text += part; });
      await until(() => text.split('\n').length === 3, 'nobody is shown before the deadline');
      asking.kill('SIGINT');
      assert.equal(await asking.exited, 130);
    });

    test('--transport auto, empty fleets, and no fleet', async () => {
      const auto = ['--transport', 'auto'];
      for (const command of commands) assert.equal((await ask(command, auto)).status, 1);
      for (const command of commands) {
        const none = await ask(command, ['--transport', transport]);
        assert.deepEqual([none.status, plain(none)], [2, []]);
        assert.match(none.stderr, /No server listens with the key "socket\.io".* on this Redis\.\n$/);
      }
      await fleet.add({ transport, namespaces });
      assert.deepEqual(await all('count', auto), [{ count: 0 }]);
      assert.deepEqual(await all('rooms', auto), []);
      assert.deepEqual(await all('sockets', auto), []);
      assert.deepEqual((await all('servers', auto)).map(({ namespaces: [nsp], sockets }) => [nsp, sockets]), [['/', 0], ['/chat', 0]]);
      assert.equal((await all('servers')).length, 2);  // looks at what is in use
      const elsewhere = await ask('count', ['--transport', transports.find((other) => other !== transport)]);
      assert.equal(elsewhere.status, 2);
      assert.ok(elsewhere.stderr.includes(`--transport ${transport}`), elsewhere.stderr);
      assert.equal((await ask('count', [...auto, '-n', '/nowhere'])).status, 1);
      assert.equal((await ask('servers', ['--transport', transport, '-n', '/nowhere'])).status, 2);
    });

    test('more answers than there is room for', async () => {
      const { on } = await inhabited(transport);
      const lines = await ask('sockets', [...on, '--answers-max', '100']);
      assert.equal(lines.status, 5);
      assert.match(lines.stderr, /The answers have more than 100 bytes together/);
    });

    test('our own server beside an official one', { skip: process.env.CONFORMANCE_SERVER ? false : 'no CONFORMANCE_SERVER' }, async () => {
      const on = ['--transport', transport];
      const ours = await startServer({ ADAPTER: transport, REDIS_URL: fleet.url });
      cleanUp.push(() => end(ours.child));
      const official = await fleet.add({ transport });
      const ada = await official.client({ rooms: ['kitchen'] });
      const ben = await connected(ours, '/', { auth: { seat: 2 } });
      cleanUp.push(() => ben.disconnect());
      await new Promise((resolve) => { ben.emit('join', ['kitchen', 'office'], resolve); });
      assert.deepEqual(await all('count', [...on, '-t', 'kitchen']), [{ count: 2 }]);
      assert.deepEqual(await all('rooms', [...on, '--without-ids']), [{ room: 'kitchen', sockets: 2 }, { room: 'office', sockets: 1 }]);
      const sockets = await all('sockets', on);
      assert.deepStrictEqual(sockets.sort(byId), (await official.op('sockets')).sort(byId));
      assert.deepEqual(sockets.map(({ id }) => id).sort(), [ada.id, ben.id].sort());
      assert.deepEqual(sockets.find(({ id }) => id === ben.id).handshake.auth, { seat: 2 });
      const servers = await all('servers', on);
      assert.deepEqual(servers.filter(({ namespaces: [nsp] }) => nsp === '/').map(({ sockets: number }) => number), [1, 1]);
      assert.ok(servers.some(({ namespaces: all }) => all.includes('/custom')));
    });
  });

  test('a fleet that moves: servers of both transports', async () => {
    await fleet.add({ transport: 'classic' });
    await fleet.add({ transport: 'sharded' });
    assert.deepEqual((await all('servers')).map(({ transport }) => transport), ['classic', 'sharded']);
    assert.deepEqual((await all('servers', ['--transport', 'sharded'])).map(({ transport }) => transport), ['sharded']);
    for (const command of commands) assert.equal((await ask(command, ['--transport', 'auto'])).status, 1);
  });

  test('streams servers are not asked by themselves where classic servers would hear it', async () => {
    await fleet.add({ transport: 'classic' });
    await fleet.add({ transport: 'streams', namespaces });
    const before = await fleet.state();
    const lines = await ask('servers');
    assert.deepEqual(lines.map(({ transport, namespaces: [nsp] }) => [transport, nsp]), [['classic', '/'], ['streams', '/chat']]);
    assert.equal(lines.status, 5);
    assert.match(lines.stderr, /Streams servers in 1 namespace were not asked/);
    await fleet.untilState(before);  // the same connections are there
    const named = await ask('servers', ['--transport', 'streams']);
    assert.deepEqual([...named.map(({ namespaces: [nsp] }) => nsp), named.status], ['/chat', 5]);
    assert.match(named.stderr, /would end them/);
    assert.match((await ask('count', ['--transport', 'streams'])).stderr, /would end them\. Give the streams servers another channelPrefix\.\n$/);
    await fleet.untilState(before);
  });

  test('text for people', async () => {
    const { clients: { ada } } = await inhabited('classic');
    const text = async (...args) => (await run(tool, [...args, '-o', 'text'], { env: env() }));
    const rooms = await text('rooms', '--without-ids');
    assert.equal(rooms.stdout, 'room     sockets\nkitchen        2\noffice         2\n42             1\nünï#1          1\n');
    assert.equal(rooms.stderr, 'socketio-fleet: 4 rooms.\n');
    const sockets = await text('sockets', '-t', ada.id);
    assert.match(sockets.stdout, /^\S{20}  from 127\.0\.0\.1  since \S.*  rooms kitchen, ünï#1  data \{"seat":1,"tags":\["a",null\]\}\n$/);
    assert.equal(sockets.stderr, 'socketio-fleet: 1 socket of 2 servers.\n');
    assert.equal((await text('count')).stdout, '3\n');
    assert.match((await text('servers', '-n', '/')).stdout,
      /^uid  namespaces  transport  answered  sockets\n-    \/           classic +[\d,]+ ms        \d\n-    \/           classic +[\d,]+ ms        \d\n$/);
    for (const command of commands) {
      const { status, stdout, stderr } = await run(tool, [command, '-o', 'quiet'], { env: env() });
      assert.deepEqual([status, stdout, stderr], [0, '', '']);
    }
  });

  /** A subscriber that is counted as a classic server, and publishes what `answer(requestId)` returns. */
  async function impostor(answer) {
    const client = fleet.client.duplicate();
    cleanUp.push(() => client.destroy());
    await client.connect();
    await client.subscribe(countedChannel('classic'), async (text) => {
      for (const message of answer(JSON.parse(text).requestId)) await fleet.client.publish('socket.io-response#/#', message);
    });
  }

  test('what answers say cannot play with a terminal', async () => {
    const evil = '\u001b[31m\u009b2Jx\u0007\r\n\u007f';
    await impostor((requestId) => ['rubbish', '{', Buffer.from('81a9726571756573744964', 'hex'),
      JSON.stringify({ requestId, sockets: [null, 7, {}, { id: 1 }, { id: evil, rooms: [evil, {}, null, '', ...Array(20).keys()], data: { [evil]: evil },
        handshake: { address: evil, time: evil, auth: [] } }, { id: 'odd', rooms: 'x', handshake: 5 }] })]);
    for (const args of [['sockets'], ['sockets', '-v'], ['rooms'], ['count'], ['servers']]) {
      const { status, stdout, stderr } = await run(tool, [...args, '-o', 'text'], { env: env() });
      assert.equal(status, 0, stderr);
      assert.match(stdout + stderr, /^[^\u0000-\u0009\u000b-\u001f\u007f-\u009f]*$/);
    }
    const [odd, other] = await all('sockets');
    assert.deepEqual([odd.id, odd.rooms.slice(0, 4)], [evil, [evil, {}, null, '']]);
    assert.deepEqual(other, { id: 'odd', rooms: [], data: null, handshake: null });
    assert.deepEqual((await all('rooms')).filter(({ room }) => room === evil), [{ room: evil, sockets: 1 }]);
  });

  test('an answer as deep as the sea is no crash', async () => {
    await impostor((requestId) => [`{"requestId":"${requestId}","sockets":[{"id":"a","data":${'['.repeat(100_000)}${']'.repeat(100_000)}}]}`]);
    const lines = await ask('sockets', ['--timeout', '3s']);
    assert.deepEqual([lines.status, plain(lines)], [5, [{ missing: 1 }]]);
  });

  test('who has read enough ends it', async () => {
    await impostor((requestId) => [JSON.stringify({ requestId, sockets: Array.from({ length: 20_000 }, (_, n) => ({ id: `s${n}` })) })]);
    const { status, stdout } = await run('sh', ['-c', '"$0" sockets -o json | head -n 1', tool], { env: env() });
    assert.equal(status, 0);
    assert.equal(JSON.parse(stdout).id, 's0');
    assert.deepEqual(await all('count'), [{ count: 20_000 }]);
  });

  test('a user who may not ask is told what is missing, and the rights that docs/inspecting.md names are enough', async () => {
    const page = readFileSync(new URL('../../docs/inspecting.md', import.meta.url), 'utf8');
    const rights = [...page.matchAll(/^ACL SETUSER asker (.*)$/mg)].map(([, words]) => words.split(' '));
    assert.equal(rights.length, 3);
    for (const transport of transports) {
      await fleet.add({ transport });
      const user = `asker-${transport}`;
      cleanUp.push(() => fleet.command('ACL', 'DELUSER', user));
      const on = ['--transport', transport, '--redis', fleet.url.replace('//', `//${user}:secret@`)];
      await fleet.command('ACL', 'SETUSER', user, 'on', '>secret', '+ping', '+client|setname', '+pubsub');
      for (const command of commands) {
        const refused = await ask(command, on);
        assert.equal(refused.status, 2, refused.stderr);
        assert.match(refused.stderr, /NOPERM/);
      }
      await fleet.command('ACL', 'SETUSER', user, 'reset', ...rights[transports.indexOf(transport)]);
      for (const command of commands) assert.equal((await ask(command, on)).stderr, '');
      await fleet.removeServers();
    }
  });

  test('no Redis', async () => {
    for (const command of commands) {
      const { status, stderr } = await run(tool, [command, '--timeout', '200ms', '-r', 'unix:///nonexistent/redis.sock'], { env: env() });
      assert.equal(status, 2);
      assert.match(stderr, /Start Redis there/);
    }
  });
});
