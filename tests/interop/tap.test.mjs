// socketio-fleet tap beside fleets of official servers: it sees what they say, and they do not see it.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { run } from './children.mjs';
import { InspectedFleet, Tap, countedChannel, until } from './inspected_fleet.mjs';

const tool = process.env.SOCKETIO_FLEET;
const skip = tool ? false : 'SOCKETIO_FLEET does not name a socketio-fleet';
const transports = ['classic', 'sharded', 'streams'];

describe('socketio-fleet tap', { skip }, () => {
  let fleet;
  const taps = [];

  before(async () => { fleet = await InspectedFleet.start(); });
  after(() => fleet?.close());
  afterEach(async () => {
    await Promise.all(taps.splice(0).map((tap) => tap.end('SIGKILL')));
    await fleet.removeServers();
  });

  async function tapOf(args, options) {
    const tap = await Tap.start(fleet, args, options);
    taps.push(tap);
    return tap;
  }
  const emit = (args) => run(process.env.SOCKETIO_EMIT, args, { env: { PATH: process.env.PATH, REDIS_URL: fleet.url } });
  const shape = ({ kind, nsp, event, args, to, except, flags }) => ({ kind, nsp, event, args, to, except, flags });

  for (const transport of transports) {
    test(`${transport}: broadcasts with rooms, exceptions, flags and binary`, async () => {
      const a = await fleet.add({ transport, namespaces: ['/', '/chat'] });
      const tap = await tapOf(['--transport', transport]);
      await a.op('emit', { nsp: '/chat', to: ['x', 'y'], except: ['z'], flags: ['volatile', 'nocompress'],
        args: ['say', { a: [1, null] }, { binary: [1, 2, 3] }] });
      const shown = await tap.see(({ event }) => event === 'say');
      assert.deepEqual(shape(shown), { kind: 'broadcast', nsp: '/chat', event: 'say', args: [{ a: [1, null] }, { $binary: 'AQID' }],
        to: ['x', 'y'], except: ['z'], flags: { volatile: true, compress: false } });
      assert.equal(shown.transport, transport);
      assert.equal(shown.uid, await a.op('uid', { nsp: '/chat' }));
      assert.ok(shown.bytes > 20);
      assert.match(shown.time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    });

    test(`${transport}: what servers ask and answer, and their requests end as without a tap`, async () => {
      const a = await fleet.add({ transport });
      const b = await fleet.add({ transport });
      const tap = await tapOf(['--transport', transport]);
      assert.equal(await a.op('fetchSockets', { to: ['nobody'] }), 0);
      const acked = await b.op('emitWithAck', { timeout: 10_000, args: ['ask', 1] });
      assert.deepEqual(acked, { error: null, responses: [] });
      const answered = await a.op('serverSideEmitWithAck', { args: ['ping'] });
      assert.equal(answered.error, null);
      assert.deepEqual(answered.responses.filter((response) => response !== undefined && response !== null), ['pong']);
      await a.op('socketsJoin', { to: ['x'], rooms: ['y'] });
      await a.op('socketsLeave', { rooms: ['y'] });
      await a.op('disconnectSockets', { to: ['x'], close: true });
      await a.op('serverSideEmit', { args: ['pong', 7] });
      const asked = await tap.see(({ kind }) => kind === 'fetch-sockets');
      const told = await tap.see(({ kind, request }) => kind === 'sockets' && request === asked.request);
      assert.equal(told.count, 0);
      const ask = await tap.see(({ event }) => event === 'ask');
      assert.equal(ask.kind, 'broadcast');
      assert.equal((await tap.see(({ kind, request }) => kind === 'client-count' && request === ask.request)).count, 0);
      const ping = await tap.see(({ event }) => event === 'ping');
      assert.equal(ping.kind, 'server-side');
      await tap.see(({ kind, request, value }) => kind === 'server-side-answer' && request === ping.request && value === 'pong');
      assert.deepEqual((await tap.see(({ kind }) => kind === 'join')).rooms, ['y']);
      assert.deepEqual((await tap.see(({ kind }) => kind === 'leave')).rooms, ['y']);
      assert.equal((await tap.see(({ kind }) => kind === 'disconnect')).close, true);
      assert.deepEqual((await tap.see(({ event }) => event === 'pong')).args, [7]);
    });

    test(`${transport}: it leaves no trace, also when it is killed`, async () => {
      await fleet.add({ transport, namespaces: ['/', '/chat'] });
      await fleet.add({ transport, namespaces: ['/', '/chat'] });
      const before = await fleet.state();
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGKILL']) {
        const tap = await tapOf(['--transport', transport]);
        if (transport !== 'sharded') assert.deepEqual((await fleet.state()).counts, before.counts);
        await tap.end(signal);
        await fleet.untilState(before);
      }
      assert.equal(await fleet.servers[0].op('fetchSockets'), 0);
    });

    test(`${transport}: only what is asked for, and everything is counted`, async () => {
      const a = await fleet.add({ transport, namespaces: ['/', '/chat'] });
      const tap = await tapOf(['--transport', transport, '--nsp', 'chat', '--to', 'kitchen', '--event', 'order', '-e', 'end']);
      const say = (nsp, to, event) => a.op('emit', { nsp, to, args: [event, 'kitchen order'] });
      await say('/chat', ['kitchen', 'bar'], 'order');
      await say('/chat', ['bar', 'hall'], 'order');
      await say('/chat', ['kitchen', 'hall'], 'other');
      await say('/chat', [], 'order');
      await say('/chat', ['kitchen', 'hall'], 'end');
      await tap.see(({ event }) => event === 'end');
      await tap.end();
      assert.deepEqual(tap.lines.filter(({ event }) => event).map(({ event, to }) => [event, ...to]),
        [['order', 'kitchen', 'bar'], ['end', 'kitchen', 'hall']]);
      assert.equal(tap.summary.shown, 2);
      assert.equal(tap.summary.passed_over, 3);
      assert.equal(tap.summary.seen, 5);
    });
  }

  test('classic: a broadcast to one room is judged by its channel, also in a namespace with # in its name', async () => {
    const a = await fleet.add({ transport: 'classic', namespaces: ['/', '/a#b'] });
    const tap = await tapOf(['--to', 'kitchen', '--to', '42']);
    await a.op('emit', { to: ['kitchen'], args: ['one'] });
    await a.op('emit', { to: ['bar'], args: ['two'] });
    await a.op('emit', { nsp: '/a#b', to: ['kitchen', 'bar'], args: ['three'] });
    await a.op('emit', { nsp: '/a#b', to: ['kitchen'], args: ['four'] });
    await a.op('emit', { to: [42], args: ['five'] });
    await tap.see(({ event }) => event === 'five');
    await tap.end();
    assert.deepEqual(tap.lines.filter(({ event }) => event).map(({ event, to }) => [event, to]),
      [['one', ['kitchen']], ['three', ['kitchen', 'bar']], ['four', ['kitchen']], ['five', [42]]]);
    assert.equal(tap.summary.passed_over, 1);
  });

  test('classic: malformed messages are shown with the reason, and counted', async () => {
    const tap = await tapOf([]);
    await fleet.command('PUBLISH', 'socket.io#/#', 'no msgpack');
    await fleet.command('PUBLISH', 'socket.io-request#/#', '{"type":5');
    await fleet.command('PUBLISH', 'socket.io-response#/#', '{}');
    await emit(['end']);
    await tap.see(({ event }) => event === 'end');
    await tap.end();
    const malformed = tap.lines.filter(({ kind }) => kind === 'malformed');
    assert.deepEqual(malformed.map(({ channel }) => channel),
      ['socket.io#/#', 'socket.io-request#/#', 'socket.io-response#/#']);
    for (const { reason } of malformed) assert.ok(reason.length > 5);
    assert.equal(tap.summary.malformed, 3);
    assert.equal(tap.summary.shown, 4);
  });

  test('sharded: rooms with a channel of their own are followed as they appear', async () => {
    await fleet.add({ transport: 'sharded' });
    const before = await fleet.state();
    const tap = await tapOf(['--transport', 'sharded']);
    const subscriber = fleet.client.duplicate();
    await subscriber.connect();
    await subscriber.sSubscribe('socket.io#/#kitchen#', () => {});
    await until(async () => (await fleet.command('PUBSUB', 'SHARDNUMSUB', 'socket.io#/#kitchen#'))[1] === 2, 'not followed');
    await fleet.servers[0].op('emit', { to: ['kitchen'], args: ['order'] });
    assert.equal((await tap.see(({ event }) => event === 'order')).channel, 'socket.io#/#kitchen#');
    await subscriber.sUnsubscribe('socket.io#/#kitchen#');
    await until(async () => (await fleet.command('PUBSUB', 'SHARDNUMSUB', 'socket.io#/#kitchen#'))[1] === 0, 'still followed');
    subscriber.destroy();
    assert.match(tap.stderr, /may be missed/);
    await tap.end();
    await fleet.untilState(before);
  });

  test('streams: history by number and by id, of several streams, in order, and then what comes', async () => {
    const options = { streamCount: 3 };
    const a = await fleet.add({ transport: 'streams', namespaces: ['/', '/b', '/d'], options });
    const now = async () => (await fleet.command('TIME')).map(Number).reduce((s, us) => Math.floor(s * 1000 + us / 1000));
    const entries = async () => {
      const lengths = await Promise.all([0, 1, 2].map((index) => fleet.command('XLEN', `socket.io-${index}`)));
      return lengths.reduce((sum, length) => sum + Number(length), 0);
    };
    for (let n = 0; n < 12; ++n) {
      await a.op('emit', { nsp: ['/', '/b', '/d'][n % 3], args: ['n', n] });
      await until(async () => await entries() === n + 1, 'an entry is missing');
      const added = await now();  // ids tell the order of two streams to a millisecond
      await until(async () => await now() > added, 'time stands still');
    }
    const streams = ['--transport', 'streams', '--stream-count', '3'];
    const numbers = (tap) => tap.lines.filter(({ event }) => event === 'n').map(({ args }) => args[0]);
    const tap = await tapOf([...streams, '--last', '5']);
    await a.op('emit', { args: ['n', 12] });
    await tap.see(({ args }) => args?.[0] === 12);
    assert.deepEqual(numbers(tap), [7, 8, 9, 10, 11, 12]);
    const { id } = tap.lines.find(({ args }) => args?.[0] === 9);
    const again = await tapOf([...streams, '--from', id, '--nsp', '/']);
    await again.see(({ args }) => args?.[0] === 12);
    assert.deepEqual(numbers(again), [9, 12]);
    assert.deepEqual(await fleet.command('KEYS', '*').then((keys) => keys.sort()), ['socket.io-0', 'socket.io-1', 'socket.io-2']);
  });

  test('--transport auto takes the one that is in use, and refuses to guess', async () => {
    const refused = await run(tool, ['tap', '--transport', 'auto', '--redis', fleet.url], { env: { PATH: process.env.PATH } });
    assert.equal(refused.status, 1);
    assert.match(refused.stderr, /No server listens with the key "socket.io" on this Redis/);
    await fleet.add({ transport: 'streams' });
    const tap = await tapOf(['--transport', 'auto']);
    assert.match(tap.stderr, /Listening: streams/);
    await fleet.add({ transport: 'classic' });
    const torn = await run(tool, ['tap', '--transport', 'auto', '--redis', fleet.url], { env: { PATH: process.env.PATH } });
    assert.equal(torn.status, 1);
    assert.match(torn.stderr, /classic \(1 namespace\) and streams \(1 namespace\)/);
  });

  test('several transports with channels of the same name are heard at once, each message once', async () => {
    const servers = [];
    for (const transport of transports) servers.push(await fleet.add({ transport }));
    const tap = await tapOf(['--transport', 'all']);
    for (const server of servers) await server.op('emitWithAck', { timeout: 10_000, args: ['ask', server.setup.transport] });
    for (const server of servers) await server.op('emit', { args: ['told', server.setup.transport] });
    for (const transport of transports) {
      const shown = await tap.see(({ event, args }) => event === 'told' && args[0] === transport);
      assert.equal(shown.transport, transport);
    }
    await tap.end();
    assert.equal(tap.lines.filter(({ event }) => event === 'told').length, 3);
    assert.equal(tap.summary.malformed, 0);
  });

  test('a reader that is too slow costs lines, which are counted, and never memory without end', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'socketio-tap-'));
    try {
      const file = path.join(folder, 'all.ndjson');  // it shows how far the tap has got
      const tap = await tapOf(['--record', file], { paused: true });
      // Less than what Redis keeps for a subscriber, more than what the tap keeps for its reader.
      const line = `${JSON.stringify({ event: 'x', args: ['y'.repeat(1000)] })}\n`;
      const sent = await run(process.env.SOCKETIO_EMIT, ['--redis', fleet.url, '--input', '-'], { input: line.repeat(22_000) });
      assert.equal(sent.status, 0, sent.stderr);
      await emit(['end']);
      await until(() => readFileSync(file, 'latin1').endsWith('"event":"end","args":[]}\n'), 'the tap does not keep up');
      tap.readOutput();
      assert.equal(await tap.end(), 130);
      const { seen, shown, dropped, recorded } = tap.summary;
      assert.equal(recorded, 22_001);
      assert.equal(seen, shown + dropped);
      assert.ok(dropped > 0);
      const told = tap.lines.filter(({ kind }) => kind === 'dropped').reduce((sum, { count: missing }) => sum + missing, 0);
      assert.equal(tap.lines.filter(({ kind }) => kind === 'broadcast').length, shown);
      assert.equal(told, dropped);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('--limit and --for end it; a closed output does', async () => {
    const tap = await tapOf(['--limit', '2', '-e', 'x']);
    for (const event of ['y', 'x', 'x', 'x']) await emit([event]);
    assert.equal(await tap.child.exited, 0);
    assert.equal(tap.lines.filter(({ event }) => event === 'x').length, 2);
    const brief = await tapOf(['--for', '1ms']);
    assert.equal(await brief.child.exited, 0);
    const unread = await tapOf([], { paused: true });
    unread.child.stdout.destroy();
    await until(async () => {
      await emit(['x']);
      return unread.child.exitCode !== null;
    }, 'it goes on for nobody');
  });

  test('--record: what it wrote says the same again when it is played back', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'socketio-record-'));
    try {
      const a = await fleet.add({ transport: 'classic', namespaces: ['/', '/chat'] });
      const record = async (file, act) => {
        const tap = await tapOf(['--record', path.join(folder, file), '-e', 'say', '-e', '7']);
        await act();
        await until(async () => {
          const lines = readFileSync(path.join(folder, file), 'utf8').trimEnd().split('\n');
          return lines.at(-1).includes('"last"');
        }, 'the record does not end');
        assert.equal(await tap.end(), 130);
        return readFileSync(path.join(folder, file), 'utf8').trimEnd().split('\n').map((line) => JSON.parse(line));
      };
      const original = await record('a.ndjson', async () => {
        await a.op('emit', { args: ['say', 1.5, 'ß🎈', { binary: [0, 255] }, [{ deep: null }]] });
        await a.op('emit', { nsp: '/chat', to: ['x', 42], except: ['y'], flags: ['volatile', 'nocompress'], args: ['say'] });
        await a.op('fetchSockets');
        await a.op('emit', { to: ['z'], args: ['say', 'last'] });
      });
      assert.equal(original.length, 3);
      assert.equal(original[0].at_ms, 0);
      assert.deepEqual(original[1].to, ['x', 42]);
      const plain = original.map(({ at_ms, ...rest }) => rest);
      assert.deepEqual(plain[2], { nsp: '/', event: 'say', args: ['last'], to: ['z'] });
      const input = plain.map((line) => `${JSON.stringify(line)}\n`).join('');
      const copy = await record('b.ndjson', async () => {
        const played = await run(process.env.SOCKETIO_EMIT, ['--redis', fleet.url, '--input', '-'], { input });
        assert.equal(played.status, 0, played.stderr);
      });
      assert.deepEqual(copy.map(({ at_ms, ...rest }) => rest), plain);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  for (const transport of transports) {
    test(`${transport}: a connection that Redis ends is told and counted, and what comes afterwards is shown`, async () => {
      const a = await fleet.add({ transport });
      const tap = await tapOf(['--transport', transport]);
      const listeners = (await fleet.command('CLIENT', 'LIST')).split('\n')
        .filter((line) => line.includes(' name=socketio-fleet-tap ') && / (p|s|)sub=[1-9]/.test(line));
      assert.equal(listeners.length, 1);
      await fleet.command('CLIENT', 'KILL', 'ID', /\bid=(\d+)/.exec(listeners[0])[1]);
      await until(() => /is missed/.test(tap.stderr) && /Listening again/.test(tap.stderr), () => `not told: ${tap.stderr}`);
      await until(async () => {
        await a.op('emit', { args: ['again'] });
        return tap.lines.some(({ event }) => event === 'again');
      }, 'nothing is shown any more');
      await tap.end();
      assert.equal(tap.summary.interruptions, 1);
    });
  }

  test('what plays with a terminal is replaced in text, and escaped in JSON', async () => {
    const room = 'a\u009b31m\u202e\u200b\u007f';
    const tap = await tapOf([]);
    await emit(['--to', room, 'x', JSON.stringify(room)]);
    const shown = await tap.see(({ event }) => event === 'x');
    assert.deepEqual(shown.to, [room]);
    assert.deepEqual(shown.args, [room]);
    await tap.end();
    assert.doesNotMatch(tap.raw, /[\u007f-\u009f\u200b\u202e]/);
    assert.match(tap.raw, /\\u009b31m\\u202e\\u200b\\u007f/);
    const text = run(tool, ['tap', '-o', 'text', '--limit', '1', '--redis', fleet.url], { env: { PATH: process.env.PATH } });
    await until(async () => await fleet.command('PUBSUB', 'NUMPAT') > 0, 'the tap does not listen');
    await emit(['--to', room, 'x', JSON.stringify(room)]);
    const { stdout } = await text;
    assert.match(stdout, /x\("a\?31m\?\?\?"\) to a\?31m\?\?\?/);
  });

  test('without the right to listen it says so and ends', async () => {
    await fleet.command('ACL', 'SETUSER', 'blind', 'on', '>secret', '+@all', '~*', 'resetchannels', '&other*');
    const result = await run(tool, ['tap', '--redis', fleet.url.replace('//', '//blind:secret@')], { env: { PATH: process.env.PATH } });
    assert.equal(result.status, 2);
    assert.match(result.stderr, /does not let this user listen/);
    assert.doesNotMatch(result.stderr, /secret/);
    // Also where only one of its patterns is refused.
    const patterns = ['&socket.io#*', '&socket.io-request#*', '&socket.io-response#*'];
    for (const missing of patterns) {
      await fleet.command('ACL', 'SETUSER', 'blind', 'resetchannels', ...patterns.filter((pattern) => pattern !== missing));
      const most = await run(tool, ['tap', '--transport', 'classic', '--for', '2s', '--redis', fleet.url.replace('//', '//blind:secret@')],
        { env: { PATH: process.env.PATH } });
      assert.equal(most.status, 2, missing);
      assert.match(most.stderr, /does not let this user listen/);
    }
  });
});
