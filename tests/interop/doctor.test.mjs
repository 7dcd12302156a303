// socketio-fleet doctor, and fleets of official servers that really have what it finds.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, afterEach, before, describe, test } from 'node:test';
import { run } from './children.mjs';
import { InspectedFleet, Tap, countedChannel, until } from './inspected_fleet.mjs';

const tool = process.env.SOCKETIO_FLEET;
const skip = tool ? false : 'SOCKETIO_FLEET does not name a socketio-fleet';
const transports = ['classic', 'sharded', 'streams'];
const unhealthy = 6;

describe('socketio-fleet doctor', { skip }, () => {
  let fleet;
  const cleanUp = [];

  before(async () => { fleet = await InspectedFleet.start(); });
  after(() => fleet?.close());
  afterEach(async () => {
    for (const task of cleanUp.splice(0).reverse()) await task();
    await fleet.removeServers();
  });

  async function doctor(args = [], on = fleet) {
    const result = await run(tool, ['doctor', '--output', 'json', '--redis', on.url, ...args], { env: { PATH: process.env.PATH } });
    assert.equal(result.stderr, '');
    const lines = result.stdout.trimEnd().split('\n').map((line) => JSON.parse(line));
    const last = lines.pop();
    assert.equal(last.problems, lines.length);
    assert.equal(result.status, lines.length === 0 ? 0 : unhealthy);
    for (const { problem, seen, advice } of lines) assert.ok(problem && seen && advice);
    return Object.assign(lines, { notChecked: last.not_checked });
  }
  const checks = (findings) => findings.map(({ check }) => check);

  /** Somebody who is subscribed to one channel and answers nothing. */
  async function monitor(transport, channel) {
    const client = fleet.client.duplicate();
    cleanUp.push(() => client.destroy());
    await client.connect();
    await (transport === 'sharded' ? client.sSubscribe(channel, () => {}) : client.subscribe(channel, () => {}));
  }

  for (const transport of transports) {
    test(`${transport}: a healthy fleet is healthy, also beside a tap, and nothing changes`, async () => {
      await fleet.add({ transport, namespaces: ['/', '/chat'] });
      await fleet.add({ transport, namespaces: ['/', '/chat'] });
      await fleet.servers[0].op('emit', { args: ['hello'] });
      if (transport === 'streams') await until(async () => await fleet.command('EXISTS', 'socket.io') === 1, 'nothing in the stream');
      const before = await fleet.state();
      assert.deepEqual(await doctor(), Object.assign([], { notChecked: [] }));
      await fleet.untilState(before);
      const tap = await Tap.start(fleet, ['--transport', transport]);
      cleanUp.push(() => tap.end('SIGKILL'));
      assert.deepEqual(checks(await doctor(['--transport', transport])), []);
    });

    test(`${transport}: a server that does not answer`, async () => {
      await fleet.add({ transport });
      const paused = await fleet.add({ transport });
      const uid = await paused.op('uid');
      paused.signal('SIGSTOP');
      const [finding, ...others] = await doctor(['--timeout', '1s']);
      assert.deepEqual(others, []);
      assert.equal(finding.check, 'answers');
      assert.match(finding.problem, /^1 server did not answer/);
      assert.match(finding.seen, /1 of 2 answered/);
      if (transport !== 'classic') assert.ok(finding.problem.includes(uid), finding.problem);
    });

    test(`${transport}: a subscriber that servers count`, async () => {
      await fleet.add({ transport });
      await fleet.add({ transport });
      await monitor(transport, countedChannel(transport));
      const [finding, ...others] = await doctor(['--timeout', '1s']);
      assert.deepEqual(others, []);
      assert.equal(finding.check, 'counts');
      assert.match(finding.problem, /^1 subscriber of socket\.io\S+ is no server/);
    });

    test(`${transport}: a user who may publish only some of what servers publish`, async () => {
      const channels = { classic: ['&socket.io#*', '&socket.io-request#*'], sharded: ['&socket.io#/#'], streams: ['&socket.io#/#'] };
      const user = `half-${transport}`;
      await fleet.command('ACL', 'SETUSER', user, 'on', '>secret', '+@all', '~*', 'resetchannels', ...channels[transport]);
      cleanUp.push(() => fleet.command('ACL', 'DELUSER', user));
      const url = fleet.url.replace('//', `//${user}:secret@`);
      if (transport === 'streams') {  // one connection for all: it stands in for one that is only half allowed
        await fleet.add({ transport });
        const client = fleet.client.duplicate({ url });
        cleanUp.push(() => client.destroy());
        await client.connect();
      } else {
        await fleet.add({ transport, pubUrl: url });
      }
      const findings = (await doctor(['--timeout', '1s'])).filter(({ check }) => check === 'rights');
      assert.ok(findings.length > 0);
      for (const { problem, advice } of findings) {
        assert.ok(problem.includes(user), problem);
        assert.match(advice, /ACL SETUSER/);
      }
    });
  }

  test('no server at all', async () => {
    assert.deepEqual(checks(await doctor()), ['servers']);
    assert.deepEqual(checks(await doctor(['--transport', 'streams'])), ['servers']);
  });

  test('two transports on one prefix', async () => {
    await fleet.add({ transport: 'classic' });
    await fleet.add({ transport: 'streams' });
    const [finding, ...others] = await doctor();
    assert.deepEqual(others, []);
    assert.equal(finding.check, 'transports');
    assert.match(finding.problem, /classic and streams/);
  });

  test('a subscriber whose output waits in Redis, close to the limit', async () => {
    await fleet.command('CONFIG', 'SET', 'client-output-buffer-limit', 'pubsub 32mb 0 0');
    cleanUp.push(() => fleet.command('CONFIG', 'SET', 'client-output-buffer-limit', 'pubsub 32mb 8mb 60'));
    await fleet.add({ transport: 'classic' });
    const paused = await fleet.add({ transport: 'classic' });
    paused.signal('SIGSTOP');
    const message = Buffer.concat([Buffer.from([0xc6, 0, 4, 0, 0]), Buffer.alloc(1 << 18)]);
    const waiting = async () => Math.max(...[...(await fleet.command('CLIENT', 'LIST')).matchAll(/ omem=(\d+)/g)].map(([, n]) => Number(n)));
    while (await waiting() < 20 << 20) await fleet.client.publish('socket.io#/#x#', message);
    const findings = await doctor(['--timeout', '1s']);
    assert.deepEqual(checks(findings).sort(), ['answers', 'buffers']);
    assert.match(findings.find(({ check }) => check === 'buffers').seen, /bytes wait for it .* the limit is 33,554,432 at once/);
  });

  test('a Redis that does not know sharded pub/sub', async () => {
    const old = await InspectedFleet.start(['--rename-command', 'SPUBLISH', '']);
    cleanUp.push(() => old.close());
    await old.add({ transport: 'sharded' });
    const findings = await doctor(['--transport', 'sharded', '--timeout', '1s'], old);
    assert.ok(checks(findings).includes('version'));
    assert.match(findings.find(({ check }) => check === 'version').problem, /too old for the sharded transport, which needs Redis 7/);
  });

  test('streams: another stream count', async () => {
    const a = await fleet.add({ transport: 'streams', options: { streamCount: 3 } });
    await a.op('emit', { args: ['hello'] });
    assert.deepEqual(checks(await doctor(['--stream-count', '3'])), []);
    const [one, ...others] = await doctor();
    assert.deepEqual(others, []);
    assert.equal(one.check, 'stream-count');
    assert.match(one.problem, /streamCount of 1 do not read the stream socket\.io-2/);
    const [four] = await doctor(['--stream-count', '4']);
    assert.equal(four.check, 'stream-count');
    assert.match(four.problem, /socket\.io-2 has entries that servers with a streamCount of 4 would look for in another stream/);
  });

  test('streams: a namespace whose events go to a stream that nobody reads', async () => {
    const nsp = '/namespace-with-a-long-name';
    const a = await fleet.add({ transport: 'streams', namespaces: ['/', nsp], options: { streamCount: 4 } });
    await a.op('emit', { nsp, args: ['hello'] });
    const [finding, ...others] = await doctor(['--stream-count', '4']);
    assert.deepEqual(others, []);
    assert.equal(finding.check, 'stream-count');
    assert.match(finding.advice, /negative hash/);
  });

  test('streams: a stream that is shorter than the recovery window', async () => {
    const a = await fleet.add({ transport: 'streams', options: { maxLen: 100 } });
    for (let n = 0; n < 300; ++n) await a.op('emit', { args: ['n', n] });
    const [finding, ...others] = await doctor(['--stream-maxlen', '100']);
    assert.deepEqual(others, []);
    assert.equal(finding.check, 'stream-length');
    assert.match(finding.advice, /Raise maxLen to at least [\d,]+/);
    assert.deepEqual(checks(await doctor(['--stream-maxlen', '100', '--recovery-window', '1ms'])), []);
    assert.deepEqual(checks(await doctor()), []);
  });

  test('what it may not look at, it says', async () => {
    await fleet.add({ transport: 'classic' });
    await fleet.command('ACL', 'SETUSER', 'guest', 'on', '>secret', 'allchannels', '+pubsub', '+publish', '+psubscribe', '+command');
    cleanUp.push(() => fleet.command('ACL', 'DELUSER', 'guest'));
    const findings = await doctor(['--user', 'guest', '--redis', fleet.url.replace('//', '//guest:secret@')]);
    assert.deepEqual(checks(findings), []);
    assert.ok(findings.notChecked.length > 0);
  });

  test('the rights that docs/inspecting.md names are enough', async () => {
    const page = readFileSync(new URL('../../docs/inspecting.md', import.meta.url), 'utf8');
    const words = /^ACL SETUSER doctor (.*)$/m.exec(page)[1].split(' ');
    await fleet.command('ACL', 'SETUSER', 'doctor', ...words);
    cleanUp.push(() => fleet.command('ACL', 'DELUSER', 'doctor'));
    for (const transport of transports) {
      await fleet.add({ transport });
      await fleet.servers.at(-1).op('emit', { args: ['hello'] });
    }
    const findings = await doctor(['--redis', fleet.url.replace('//', '//doctor:secret@')]);
    assert.equal(findings.notChecked.length, 1);
    assert.match(findings.notChecked[0], /^whether the streams servers of namespace \/ answer: classic servers hear the question there/);
    assert.deepEqual(checks(findings), ['transports']);
  });

  test('text for people', async () => {
    await fleet.add({ transport: 'classic' });
    await monitor('classic', countedChannel('classic'));
    const { status, stdout, stderr } = await run(tool, ['doctor', '-o', 'text', '--timeout', '1s', '-r', fleet.url]);
    assert.equal(status, unhealthy);
    assert.match(stdout, /^\[counts\] 1 subscriber .*\n  seen: .*\n  to do: .*\n/);
    assert.equal(stderr, 'socketio-fleet: 1 problem.\n');
  });
});
