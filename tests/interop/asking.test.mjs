// Asking fleets of official servers on every transport, with the library and with the tool, while the fleet asks itself.

import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { AnyFleet, Driver, eventually, kinds } from './any_fleet.mjs';
import { startRedis } from './fleet.mjs';
import { Tap } from './inspected_fleet.mjs';

const missing = process.env.SOCKETIO_EMIT && process.env.INTEROP_DRIVER ? undefined : 'SOCKETIO_EMIT or INTEROP_DRIVER is not set';

if (missing) test('asking', { skip: missing }, () => {});
else for (const kindName of Object.keys(kinds)) describe(`asking a ${kindName} fleet`, () => {
  let redis;
  let fleet;
  let driver;
  let classic;

  before(async () => {
    redis = await startRedis();
    fleet = await AnyFleet.start(kindName, redis.url);
    driver = new Driver();
    classic = fleet.kind.driver.transport === 'classic';
  });
  after(async () => {
    await driver?.close();
    await fleet?.close();
    await redis?.close();
  });
  afterEach(() => {
    for (const client of Object.values(fleet.clients)) client.answers = true;
  });

  const complete = (result) => assert.deepEqual([result.complete, result.error, result.servers], [true, '', 2]);

  test('its sockets, all or some', async () => {
    const result = await driver.ask(fleet, { ask: 'sockets' });
    complete(result);
    const { ada, ben, cleo } = fleet.clients;
    assert.deepStrictEqual(result.sockets.map(({ id }) => id).sort(), [ada.id, ben.id, cleo.id].sort());
    const socket = result.sockets.find(({ id }) => id === ben.id);
    assert.deepStrictEqual(socket.rooms, [ben.id, 'kitchen', 'office']);
    assert.deepStrictEqual(socket.data, { seat: 2 });
    assert.equal(socket.handshake.auth.data.seat, 2);
    const some = await driver.ask(fleet, { ask: 'sockets', to: ['kitchen'], except: ['office'] });
    assert.deepStrictEqual(some.sockets.map(({ id }) => id), [ada.id]);
  });

  test('how many there are', async () => {
    for (const [question, count] of [[{}, 3], [{ to: ['kitchen'] }, 2], [{ except: ['office'] }, 1], [{ nsp: 'admin' }, 1],
      [{ to: ['nobody'] }, 0]]) {
      const result = await driver.ask(fleet, { ask: 'count', ...question });
      complete(result);
      assert.equal(result.count, count);
    }
  });

  test('its rooms', async () => {
    const { rooms, complete: whole } = await driver.ask(fleet, { ask: 'rooms' });
    assert.equal(whole, true);
    const ids = Object.values(fleet.clients).filter(({ nsp }) => nsp === '/').map(({ id }) => id);
    assert.deepStrictEqual(rooms.filter((room) => !ids.includes(room)), ['kitchen', 'office']);
    const tellsOnlyPublic = kindName === 'sharded';
    assert.equal(rooms.length, tellsOnlyPublic ? 2 : 5);
  });

  test('its servers', async () => {
    const result = await driver.ask(fleet, { ask: 'servers' });
    complete(result);
    assert.deepStrictEqual(result.list.map(({ sockets }) => sockets).sort(), [1, 2]);
    assert.deepStrictEqual(result.list.map(({ uid }) => uid === ''), [classic, classic]);
  });

  test('its clients answer to an event', async () => {
    const result = await driver.ask(fleet, { ask: 'acks', event: 'who', argument: 1 });
    complete(result);
    assert.equal(result.clients, 3);
    assert.deepStrictEqual(result.answers.sort(), ['ada', 'ben', 'cleo']);
    const one = await driver.ask(fleet, { ask: 'acks', event: 'who', to: ['office'], except: ['kitchen'] });
    assert.deepStrictEqual(one.answers, ['cleo']);
  });

  test('a client that does not answer is missing; the first answer, or a quorum, may be enough', async () => {
    fleet.clients.ben.answers = false;
    const result = await driver.ask(fleet, { ask: 'acks', event: 'who', timeout_ms: 500 });
    assert.equal(result.complete, false);
    assert.deepEqual([result.clients, result.answers.sort()], [3, ['ada', 'cleo']]);
    const first = await driver.ask(fleet, { ask: 'acks', event: 'who', until: 'first' });
    assert.equal(first.complete, true);
    const quorum = await driver.ask(fleet, { ask: 'acks', event: 'who', until: 'quorum' });
    assert.deepEqual([quorum.complete, quorum.answers.length], [true, 2]);
  });

  test('its servers answer to an event', async () => {
    const result = await driver.ask(fleet, { ask: 'server-side', event: 'refresh', argument: 7 });
    complete(result);
    assert.deepStrictEqual(result.answers, ['refreshed 7', 'refreshed 7']);
  });

  test('servers without a listener are missing, and named where the transport tells', async () => {
    const result = await driver.ask(fleet, { ask: 'server-side', event: 'unknown', timeout_ms: 500 });
    assert.equal(result.complete, false);
    assert.deepEqual([result.servers, result.answered], [2, 0]);
    assert.equal(result.missing.length, 2);
  });

  test('the tool prints answers line by line, then the summary', async () => {
    const clients = await fleet.tool(['--ack', 'who']);
    assert.equal(clients.status, 0, clients.stderr);
    const lines = clients.stdout.trimEnd().split('\n').map((line) => JSON.parse(line));
    assert.deepStrictEqual(lines.pop(), { clients: 3, answers: 3, missing: 0, servers: 2, servers_missing: 0 });
    assert.deepStrictEqual(lines.map(({ answer }) => answer).sort(), ['ada', 'ben', 'cleo']);

    const servers = await fleet.tool(['--server-side', '--ack', 'refresh', '"all"']);
    assert.equal(servers.status, 0, servers.stderr);
    const answers = servers.stdout.trimEnd().split('\n').map((line) => JSON.parse(line));
    assert.deepStrictEqual(answers.pop(), { servers: 2, answers: 2, missing: 0 });
    assert.deepStrictEqual(answers.map(({ answer }) => answer), ['refreshed all', 'refreshed all']);
    assert.equal(answers.every(({ server }) => (server === undefined) === classic), true);
  });

  test('the tool is content with the first answer, a quorum, or so many', async () => {
    fleet.clients.ben.answers = false;
    const ask = async (...enough) => {
      const result = await fleet.tool(['--ack', ...enough, 'who']);
      const lines = result.stdout.trimEnd().split('\n').map((line) => JSON.parse(line));
      const summary = lines.pop();
      assert.equal(lines.length, summary.answers, result.stderr);
      return [result.status, summary.answers, summary];
    };
    const [reached, some] = await ask('--first');
    assert.deepEqual([reached, some >= 1], [0, true]);  // two may come together
    const [status, answers, { clients, missing, servers }] = await ask('--quorum');
    assert.deepEqual([status, answers, clients, missing, servers], [0, 2, 3, 1, 2]);
    assert.deepEqual((await ask('--expected', '2')).slice(0, 2), [0, 2]);
    assert.deepEqual((await ask('--expected', '3', '--timeout', '500ms')).slice(0, 2), [5, 2]);
    fleet.clients.ada.answers = false;
    assert.deepEqual((await ask('--quorum', '--timeout', '500ms')).slice(0, 2), [5, 1]);
    const first = await fleet.tool(['--server-side', '--ack', '--first', 'refresh', '1']);
    assert.equal(first.status, 0, first.stderr);
    assert.ok(JSON.parse(first.stdout.trimEnd().split('\n').at(-1)).answers >= 1);
    const none = await fleet.tool(['--server-side', '--ack', '--first', '--timeout', '300ms', 'unknown']);
    assert.equal(none.status, 5, none.stderr);
  });

  test('the tool says who is missing, with status 5', async () => {
    fleet.clients.ada.answers = false;
    const result = await fleet.tool(['--ack', '--timeout', '500ms', '-t', 'kitchen', 'who']);
    assert.equal(result.status, 5, result.stderr);
    assert.deepStrictEqual(JSON.parse(result.stdout.trimEnd().split('\n').at(-1)),
      { clients: 2, answers: 1, missing: 1, servers: 2, servers_missing: 0 });
  });

  test("the fleet's own questions go on beside ours, and nobody counts an asker", async () => {
    const questions = ['sockets', 'count', 'servers', 'rooms', 'acks'];
    const asked = (async () => {
      for (let n = 0; n < 25; ++n) {
        const result = await driver.ask(fleet, { ask: questions[n % questions.length], event: 'who' });
        assert.equal(result.complete, true);
        assert.equal(await fleet.serverCount(), 2);
      }
    })();
    const own = (async () => {
      for (let n = 0; n < 25; ++n) {
        const { io } = fleet.servers[n % 2];
        assert.equal((await io.fetchSockets()).length, 3);  // it fails when somebody is counted who does not answer
        assert.equal((await io.serverSideEmitWithAck('refresh', n)).length, 1);
        assert.deepStrictEqual((await io.timeout(5_000).emitWithAck('who', n)).sort(), ['ada', 'ben', 'cleo']);
      }
    })();
    await Promise.all([asked, own]);
  });

  test("beside a tap and our questions, none of the fleet's own waits for its timeout", { skip: !process.env.SOCKETIO_FLEET }, async () => {
    const { transport, stream_count: streams } = fleet.kind.driver;
    const tap = await Tap.start(fleet, ['--transport', transport, ...(streams ? ['--stream-count', String(streams)] : [])]);
    try {
      let over = false;
      const asked = (async () => {
        const questions = ['sockets', 'acks', 'servers', 'count'];
        for (let n = 0; !over; ++n) {
          const result = await driver.ask(fleet, { ask: questions[n % questions.length], event: 'who' });
          assert.deepEqual([result.complete, result.error], [true, '']);
        }
      })();
      const own = async (io, n) => {  // each of them fails at its timeout
        assert.equal((await io.fetchSockets()).length, 3);
        assert.deepStrictEqual((await io.timeout(20_000).emitWithAck('who', n)).sort(), ['ada', 'ben', 'cleo']);
        const answers = await io.serverSideEmitWithAck('refresh', n);
        assert.deepStrictEqual(answers.filter((answer) => typeof answer === 'string'), [`refreshed ${n}`]);
      };
      await Promise.all(fleet.servers.map(async ({ io }) => {
        for (let n = 0; n < 10; ++n) await own(io, n);
      })).finally(() => { over = true; });
      await asked;
      await tap.see(({ kind }) => kind === 'fetch-sockets');
      await tap.see(({ kind }) => kind === 'client-ack');
    } finally {
      await tap.end();
    }
    assert.equal(tap.summary.dropped, 0);
    await eventually(async () => (await fleet.serverCount()) === 2, () => 'the tap is still counted');
  });

  test('a killed asker leaves nothing behind', async () => {
    const other = new Driver();
    const trace = async () => (await fleet.channels()).filter((channel) => /ask(er)?-/.test(channel)).length;
    const before = await trace();
    await other.ask(fleet, { ask: 'sockets' });
    assert.equal(await trace(), before + 1);
    await other.kill();
    await eventually(async () => (await trace()) === before, () => 'the subscription is still there');
    assert.equal(await fleet.serverCount(), 2);
  });
});
