// The devices of users on two servers, and the backend program that asks them.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { clientPackages, connect, refused, runExample, startExample, startFleet } from './example.mjs';
import { startRedis, until, within } from './fleet.mjs';

let redis;
before(async () => { redis = await startRedis(); });
after(() => redis.close());

const gone = (client) => until(() => !client.connected, 'still connected');

for (const adapter of ['classic', 'sharded', 'streams']) {
  describe(adapter, () => {
    let servers;
    let phone, laptop, ben;
    const backend = (command, user) => runExample('devices_backend', [command, user, '--redis', redis.url]);
    const join = (server, user, device, options) =>
      connect(servers[server].url, { auth: { user, device }, reconnection: false, ...options });
    before(async () => {
      servers = await startFleet('devices', redis, adapter);
      [phone, laptop, ben] = await Promise.all([join(0, 'ada', 'phone'), join(1, 'ada', 'laptop', { library: 'oldest' }), join(1, 'ben', 'tv')]);
      await until(async () => (await phone.ask('devices'))[0].length === 2, 'the servers do not find each other');
    });
    after(async () => {
      for (const client of [phone, laptop, ben]) client.disconnect();
      await Promise.all(servers.map((server) => server.stop()));
    });

    test('a message and that it was read appear on all devices', async () => {
      assert.deepEqual(await phone.ask('devices'), [['laptop', 'phone']]);
      phone.emit('send', 'ben', 'hello', 7);
      for (const client of [phone, laptop, ben]) assert.deepEqual(await client.next('message'), [7, 'hello']);
      laptop.emit('read', 7);
      assert.deepEqual(await phone.next('read'), [7]);
      laptop.emit('send', 'ada', 'to myself', { any: 'id' });
      for (const client of [phone, laptop]) assert.deepEqual(await client.next('message'), [{ any: 'id' }, 'to myself']);
      await laptop.ask('devices');
      assert.deepEqual([laptop.events('read'), ben.events('message').length], [[], 1]);
    });

    test('a backend counts and asks the devices', async () => {
      phone.on('ping', (answer) => answer({ battery: 80 }));
      laptop.on('ping', (answer) => answer('fine'));
      assert.deepEqual(await backend('count', 'ada'), { status: 0, stdout: '2\n', stderr: '' });
      const asked = await backend('ping', 'ada');
      assert.deepEqual([asked.status, asked.stdout.trim().split('\n').sort()], [0, ['"fine"', '{"battery":80}']]);
      assert.deepEqual(await backend('count', 'nobody'), { status: 0, stdout: '0\n', stderr: '' });
    });

    test('who signs out the others stays', async () => {
      phone.emit('sign out others');  // without an acknowledgement
      await gone(laptop);
      laptop = await join(1, 'ada', 'laptop');
      assert.deepEqual(await laptop.ask('sign out others'), [null]);
      await gone(phone);
      assert.deepEqual([laptop.connected, ben.connected], [true, true]);
      phone = await join(0, 'ada', 'phone');
    });

    test('the backend signs a user out everywhere', async () => {
      const left = [phone, laptop].map((client) => once(client, 'disconnect'));
      assert.deepEqual(await backend('sign-out', 'ada'), { status: 0, stdout: '', stderr: '' });
      await within(Promise.all(left), () => 'not signed out');
      for (const client of [phone, laptop]) assert.deepEqual(client.events('signed out'), [['signed out', 'everywhere']]);
      assert.equal(ben.connected, true);
    });
  });
}

test('bad input does no harm, and a device that does not answer is noticed', async () => {
  const server = await startExample('devices', ['--redis', redis.url]);
  for (const auth of [undefined, {}, { user: 'ada' }, { user: 7, device: [] }, { user: '', device: 'x' }]) {
    assert.equal(await refused(server.url, auth), 'user and device are needed');
  }
  const client = await connect(server.url, { auth: { user: 'ada', device: 'deaf' } });
  for (const event of [['send'], ['send', 5, 'x', 1], ['send', 'ada', null, 1], ['read'], ['devices'], ['unknown', {}]]) client.emit(...event);
  assert.deepEqual(await client.ask('devices'), [['deaf']]);
  assert.equal((await runExample('devices_backend', ['ping', 'ada', '--redis', redis.url])).status, 5);
  client.disconnect();
  await server.stop();
  assert.equal((await runExample('devices_backend', ['count', 'ada', '--redis', 'redis://127.0.0.1:1'])).status, 2);
  assert.equal((await runExample('devices_backend', ['dance', 'ada', '--redis', redis.url])).status, 1);
  assert.equal((await runExample('devices', ['--redis', redis.url, '--adapter', 'pigeon'])).status, 1);
});

test('it runs alone, too, with each generation of clients', async () => {
  const server = await startExample('devices');
  for (const library of Object.keys(clientPackages)) {
    const client = await connect(server.url, { auth: { user: library, device: 'only' }, library });
    assert.deepEqual(await client.ask('devices'), [['only']]);
    client.disconnect();
  }
  await server.stop();
});
