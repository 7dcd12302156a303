// socketio-fleet doctor, and fleets of official servers that really have what it finds.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, afterEach, before, describe, test } from 'node:test';
import { run } from './children.mjs';
import { startRedisCluster } from './redis_cluster.mjs';
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

  const clients = async () => (await fleet.command('CLIENT', 'LIST')).trimEnd().split('\n')
    .map((line) => Object.fromEntries(line.split(' ').map((member) => member.split(/=(.*)/s).slice(0, 2))));
  const subscribers = async () => new Set((await clients()).filter(({ sub, psub, ssub }) => sub + psub + ssub !== '000').map(({ addr }) => addr));
  const find = (findings, wanted) => findings.find(({ check }) => check === wanted) ?? assert.fail(`no ${wanted}: ${JSON.stringify(findings)}`);

  /** A Redis of its own, and the user's fleet on it. */
  async function another(options = []) {
    const other = await InspectedFleet.start(options);
    cleanUp.push(() => other.close());
    return other;
  }

  async function user(name, ...rules) {
    await fleet.command('ACL', 'SETUSER', name, 'reset', 'on', '>secret', ...rules);
    cleanUp.push(() => fleet.command('ACL', 'DELUSER', name));
    return fleet.url.replace('//', `//${name}:secret@`);
  }

  async function setting(name, value) {
    const answer = await fleet.command('CONFIG', 'GET', name);  // an object by RESP3
    const before = Array.isArray(answer) ? answer[1] : answer instanceof Map ? answer.get(name) : answer[name];
    await fleet.command('CONFIG', 'SET', name, value);
    cleanUp.push(() => fleet.command('CONFIG', 'SET', name, before));
  }

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
      const before = await subscribers();
      const paused = await fleet.add({ transport });
      const [pausedAddress] = [...await subscribers()].filter((address) => !before.has(address));
      const uid = await paused.op('uid');
      paused.signal('SIGSTOP');
      const [finding, ...others] = await doctor(['--timeout', '1s']);
      assert.deepEqual(others, []);
      assert.equal(finding.check, 'answers');
      assert.match(finding.problem, /^1 server did not answer/);
      assert.match(finding.seen, /1 of 2 answered/);
      if (transport !== 'classic') assert.ok(finding.problem.includes(uid), finding.problem);
      else assert.match(finding.seen, new RegExp(`Probably silent: ${pausedAddress.replaceAll('.', '\\.')} `));
    });

    test(`${transport}: a subscriber that servers count`, async () => {
      await fleet.add({ transport });
      await fleet.add({ transport });
      await monitor(transport, countedChannel(transport));
      const [finding, ...others] = await doctor(['--timeout', '1s']);
      assert.deepEqual(others, []);
      assert.equal(finding.check, 'counts');
      assert.match(finding.problem, /^1 subscriber of socket\.io\S+ is not known to be a server/);
      assert.match(finding.seen, / 2 servers have |has 2\./);
      assert.match(finding.seen, /Fewer subscriptions than a server's: 127\.0\.0\.1:\d+[ ,]/);
      assert.match(finding.advice, /before you end anything/);
    });

    test(`${transport}: a user who may publish only some of what servers publish`, async () => {
      const channels = { classic: ['&socket.io#*', '&socket.io-request#*'], sharded: ['&socket.io#/#'], streams: ['&socket.io#/#'] };
      const name = `half-${transport}`;
      const url = await user(name, '+@all', '~*', 'resetchannels', ...channels[transport]);
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
        assert.ok(problem.includes(name), problem);
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
    const kinds = [...new Set(checks(findings))].sort();  // the other server may be slow to read as well
    assert.deepEqual(kinds, ['answers', 'buffers']);
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
    assert.deepEqual(checks(await doctor()), []); // it is found
    const [one, ...others] = await doctor(['--stream-count', '1']);
    assert.deepEqual(others, []);
    assert.equal(one.check, 'stream-count');
    assert.match(one.problem, /streamCount of 1 do not read the stream socket\.io-2/);
    assert.match(one.advice, /do not delete it/);
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

  test('a key that is not that of the servers: the ones in use are named', async () => {
    await fleet.addUnheard({ transport: 'classic', options: { key: 'shop' } });
    await fleet.addUnheard({ transport: 'sharded', options: { channelPrefix: 'chat' } });
    await until(async () => (await fleet.command('PUBSUB', 'NUMSUB', 'shop-request#/#'))[1] === 1 &&
      (await fleet.command('PUBSUB', 'SHARDNUMSUB', 'chat#/#'))[1] === 1, 'the servers did not subscribe');
    const [finding, ...others] = await doctor();
    assert.deepEqual(others, []);
    assert.equal(finding.check, 'servers');
    assert.match(finding.advice, /"chat" \(sharded\) and "shop" \(classic\)/);
  });

  test('sharded: a server that cannot subscribe to its channel for answers is a server all the same', async () => {
    const redisUrl = await user('deaf', '+@all', '~*', 'resetchannels', '&socket.io#/#');
    await fleet.add({ transport: 'sharded' });
    const half = await fleet.add({ transport: 'sharded', redisUrl, pubUrl: fleet.url });
    const findings = await doctor(['--timeout', '1s']);
    assert.ok(!checks(findings).includes('counts'), JSON.stringify(findings));
    const { problem, advice } = find(findings, 'subscriptions');
    assert.ok(problem.includes(await half.op('uid')), problem);
    assert.match(advice, /shardedSubscribers/);
  });

  test('sharded: an ioredis Cluster without shardedSubscribers is named as a server, not as something to end', async () => {
    const cluster = await startRedisCluster();
    cleanUp.push(() => cluster.close());
    const subscribed = async () => (await cluster.ask('PUBSUB', 'SHARDNUMSUB', 'socket.io#/#')).reduce((sum, [, count]) => sum + Number(count), 0);
    const transport = 'sharded, ioredis cluster';
    await fleet.addUnheard({ transport, redisUrl: cluster.url, cluster: { shardedSubscribers: true } });
    await until(async () => await subscribed() === 1, 'the server did not subscribe');
    // Its one connection for subscriptions goes to a node by chance: it must be the one that has the channel.
    const halves = async () => (await cluster.ask('CLIENT', 'LIST')).join('').split('\n')
      .filter((line) => line.includes('name=ioredis-cluster(subscriber) ') && line.includes('cmd=ssubscribe')).length;
    for (let count = 1; await subscribed() < 2; ++count) {
      assert.ok(count <= 20, 'no server subscribed to its main channel');
      await fleet.addUnheard({ transport, redisUrl: cluster.url, cluster: {} });
      await until(async () => await halves() >= count || await subscribed() === 2, 'the other server did not try to subscribe');
    }
    // Its own channel may be on the same node by chance: then it is known to be a server, and does not answer.
    const [{ check, seen, advice }] = await doctor(['--timeout', '1s'], cluster);
    assert.ok(['counts', 'answers'].includes(check), check);
    assert.match(seen, /A server whose ioredis Cluster is without shardedSubscribers: 127\.0\.0\.1:\d+/);
    assert.doesNotMatch(advice, /end it/);
  });

  test('a replica: the Redis that is looked at, and servers at another one', async () => {
    const replica = await another(['--replicaof', '127.0.0.1', new URL(fleet.url).port]);
    await until(async () => (await fleet.command('ROLE'))[2].length === 1, 'there is no replica');
    await fleet.add({ transport: 'classic' });
    assert.deepEqual(checks(await doctor()), []);
    await replica.add({ transport: 'classic' });
    const seen = find(await doctor(), 'replica');
    assert.ok(seen.problem.includes(`replica 127.0.0.1:${new URL(replica.url).port}`), seen.problem);
    const itself = find(await doctor([], replica), 'replica');
    assert.ok(itself.problem.includes(`is a replica of 127.0.0.1:${new URL(fleet.url).port}`), itself.problem);
  });

  test('sharded: servers with different subscription modes', async () => {
    for (const subscriptionMode of ['static', 'dynamic']) {
      const server = await fleet.add({ transport: 'sharded', options: { subscriptionMode } });
      await server.client({ rooms: ['kitchen'] });
    }
    const { seen } = find(await doctor(), 'modes');
    assert.match(seen, /2 servers have sockets in the room kitchen, but its channel has 1 subscriber\./);
    await fleet.removeServers();
    for (let n = 0; n < 2; ++n) await (await fleet.add({ transport: 'sharded' })).client({ rooms: ['kitchen'] });
    assert.deepEqual(checks(await doctor()), []);
  });

  for (const transport of transports) {
    test(`${transport}: a namespace that only some servers have`, async () => {
      await fleet.add({ transport, namespaces: ['/', '/admin'] });
      await fleet.add({ transport, namespaces: ['/'] });
      const [finding, ...others] = await doctor();
      assert.deepEqual(others, []);
      assert.equal(finding.check, 'namespaces');
      assert.match(finding.problem, /^Namespace \/admin exists on 1 of 2 servers only/);
    });

    test(`${transport}: event loops that are slow, and slower than requests may take`, async () => {
      const server = await fleet.add({ transport });
      await server.op('block', { ms: 1_200 });
      assert.match(find(await doctor(['--timeout', '20s', '--requests-timeout', '20s']), 'slow').problem, /event loop .* is slow/);
      assert.match(find(await doctor(['--timeout', '20s', '--requests-timeout', '100ms']), 'slow').problem, /later than the others wait/);
    });

    test(`${transport}: malformed messages, for which it listens`, async () => {
      const send = transport === 'classic' ? ['PUBLISH', 'socket.io#/#', '\x93\x01'] : transport === 'sharded'
        ? ['SPUBLISH', 'socket.io#/#', '{"type":3,'] : ['XADD', 'socket.io', '*', 'uid', 'x', 'nsp', '/', 'type', '3', 'data', '{'];
      await fleet.add({ transport: transport === 'classic' ? 'sharded' : transport });  // official classic servers end by such
      let over = false;
      const running = doctor(['--transport', transport, '--nsp', '/', '--timeout', '1s', '--listen', '2s']).finally(() => { over = true; });
      while (!over) {
        await fleet.command(...send);
        await new Promise((resolve) => setImmediate(resolve));
      }
      assert.match(find(await running, 'malformed').problem, /malformed messages? (was|were) sent within 2s/);
    });
  }

  test('streams: servers in different databases, and a tool in another one', async () => {
    await fleet.add({ transport: 'streams' });
    await fleet.add({ transport: 'streams', redisUrl: `${fleet.url}/1` });
    const [finding, ...others] = await doctor();
    assert.deepEqual(others, []);
    assert.equal(finding.check, 'stream-database');
    assert.match(finding.seen, /1 reader in database 0 and 1 reader in database 1/);
    await fleet.servers.shift().close();
    await until(async () => await fleet.count('streams', '/') === 1, 'the server is still there');
    assert.match(find(await doctor(), 'stream-database').advice, /redis:\/\/host\/1/);
  });

  test('streams: servers with another stream name', async () => {
    const one = await fleet.add({ transport: 'streams' });
    const other = await fleet.add({ transport: 'streams', options: { streamName: 'events' } });
    await other.op('emit', { args: ['hello'] });
    await until(async () => await fleet.command('EXISTS', 'events') === 1, 'nothing in the stream');
    assert.match(find(await doctor(), 'stream-name').problem, /Servers of this fleet write to events/);
    await one.op('emit', { args: ['hello'] });
    await until(async () => await fleet.command('EXISTS', 'socket.io') === 1, 'nothing in the stream');
    assert.match(find(await doctor(), 'stream-name').problem, /Servers of this fleet write to events/);
  });

  test('streams: a key of the wrong type', async () => {
    await fleet.add({ transport: 'streams' });
    await fleet.command('SET', 'socket.io', 'x');
    assert.match(find(await doctor(), 'stream-type').problem, /The key socket\.io is no stream/);
  });

  test('streams: a server that has stopped reading', async () => {
    await fleet.add({ transport: 'streams' });
    const deaf = await fleet.add({ transport: 'streams' });
    assert.deepEqual(checks(await doctor()), []);
    const before = new Set((await clients()).filter(({ cmd }) => cmd === 'xread').map(({ id }) => id));
    assert.equal(before.size, 2);
    await deaf.op('stopReading');
    for (const id of before) await fleet.command('CLIENT', 'KILL', 'ID', id);
    await until(async () => await fleet.readers() === 1, 'the other one does not read again');
    const [finding, ...others] = await doctor();
    assert.deepEqual(others, []);
    assert.equal(finding.check, 'stream-readers');
    assert.match(finding.seen, /2 servers need 2 connections that wait in XREAD; there is 1/);
  });

  test('streams: memory that is full, and a policy that removes streams', async () => {
    const server = await fleet.add({ transport: 'streams' });
    await server.op('emit', { args: ['hello'] });
    await setting('maxmemory', '1');
    assert.match(find(await doctor(), 'memory').problem, /memory of this Redis is full/);
    await fleet.command('CONFIG', 'SET', 'maxmemory', '1gb');
    await setting('maxmemory-policy', 'volatile-lru');
    assert.match(find(await doctor(), 'memory').problem, /sessions/);
    await fleet.command('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
    assert.match(find(await doctor(), 'memory').problem, /any key: also streams/);
  });

  test('a limit of output buffers below what clients may send', async () => {
    await setting('client-output-buffer-limit', 'pubsub 100kb 50kb 60');
    await fleet.add({ transport: 'classic' });
    assert.match(find(await doctor(), 'buffers').seen, /pubsub is 102,400 bytes/);
  });

  for (const transport of ['classic', 'sharded']) {
    test(`${transport}: a server that publishes to another Redis, and one that subscribes there`, async () => {
      const other = await another();
      await fleet.add({ transport });
      const findings = await (async () => {
        await fleet.add({ transport, pubUrl: other.url });
        return doctor(['--timeout', '1s']);
      })();
      assert.deepEqual(checks(findings).sort(), ['answers', 'connections']);
      assert.match(find(findings, 'connections').problem, /^1 server \(\w+\) subscribes here and seems to have no connection for publishing/);
      if (transport === 'sharded') {
        await fleet.servers.pop().close();
        const stranger = await fleet.addUnheard({ transport, redisUrl: other.url, pubUrl: fleet.url });
        let over = false;
        const running = doctor(['--timeout', '1s', '--listen', '2s']).finally(() => { over = true; });
        while (!over) await stranger.op('emit', { args: ['hello'] });
        const found = find(await running, 'strangers');
        assert.ok(found.seen.includes(await stranger.op('uid')), found.seen);
      }
    });
  }

  test('rights: servers whose user lacks pubsub, or may not subscribe at all', async () => {
    const poor = await user('poor', '+@all', '-pubsub', '~*', '&*');
    await fleet.add({ transport: 'classic', redisUrl: poor });
    const [finding, ...others] = await doctor();
    assert.deepEqual(others, []);
    assert.equal(finding.check, 'rights');
    assert.match(finding.seen, /PUBSUB NUMSUB/i);
    assert.match(finding.advice, /ACL SETUSER poor \+PUBSUB/);
    await fleet.removeServers();
    await fleet.add({ transport: 'sharded' });
    const mute = await user('mute', '+@all', '-ssubscribe', '~*', '&*');
    await fleet.addUnheard({ transport: 'sharded', redisUrl: mute });
    const { problem, seen } = find(await doctor(), 'rights');
    assert.match(problem, /"mute"/);
    assert.match(seen, /SSUBSCRIBE/);
  });

  test('rights: the users that the documentation names for emitters, askers and the doctor are not called wrong', async () => {
    const pages = ['emitting', 'inspecting'].map((name) => readFileSync(new URL(`../../docs/${name}.md`, import.meta.url), 'utf8'));
    const lines = [...pages.join('\n').matchAll(/^ACL SETUSER (emitter|asker|doctor) (.*)$/gm)];
    assert.ok(lines.length >= 5);
    for (const transport of transports) {
      await fleet.add({ transport });
      await fleet.servers.at(-1).op('emit', { args: ['hello'] });
    }
    for (const [index, [, name, words]] of lines.entries()) {
      const url = await user(`${name}${index}`, ...words.split(' '));
      const client = fleet.client.duplicate({ url });
      cleanUp.push(() => client.destroy());
      await client.connect();
      const refused = () => {};
      await client.sendCommand(['PUBLISH', 'socket.io#/#', '']).catch(refused);
      await client.sendCommand(['PUBSUB', 'NUMSUB', 'x']).catch(refused);
      await client.subscribe('socket.io#/#x#', () => {}).catch(refused);
    }
    for (const transport of transports) assert.deepEqual(checks(await doctor(['--transport', transport])).filter((check) => check === 'rights'), []);
  });

  test('what a user may not ask is not checked: TIME, PUBSUB', async () => {
    await fleet.add({ transport: 'streams' });
    await fleet.servers[0].op('emit', { args: ['hello'] });
    const timeless = await doctor(['--redis', await user('timeless', '+@all', '-time', '~*', '&*')]);
    assert.deepEqual(checks(timeless), []);
    assert.match(timeless.notChecked.join(), /\(TIME\)/);
    const blind = await doctor(['--redis', await user('blind', '+@all', '-pubsub', '~*', '&*')]);
    assert.match(blind.notChecked.join(), /which servers there are/);
    assert.ok(!checks(blind).includes('servers'), JSON.stringify(blind));
  });

  test('an older generation beside newer servers: found, and an --ack that would end it is refused', async () => {
    await fleet.add({ transport: 'classic' });
    const older = await fleet.add({ transport: 'socket.io-redis 6' });
    assert.match(find(await doctor(), 'older-servers').problem, /^1 server of namespace \/ is of an older generation/);
    const emit = (...args) => run(process.env.SOCKETIO_EMIT, ['--redis', fleet.url, '--transport', 'classic', ...args], { env: { PATH: process.env.PATH } });
    const refused = await emit('--ack', 'hello');
    assert.equal(refused.status, 2);
    assert.match(refused.stderr, /1 server in namespace \/ is of an older generation .* would end it/);
    assert.equal((await emit('hello')).status, 0);
    assert.ok(await older.op('uid'));
    await fleet.servers.pop().close();
    await until(async () => await fleet.count('classic', '/') === 1, 'the older server is still there');
    assert.equal((await emit('--ack', 'hello')).status, 0);
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
