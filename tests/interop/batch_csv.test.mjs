// A file published into a fleet, whose clients get each line once and in order.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { connect, runExample, startFleet } from './example.mjs';
import { startRedis, until } from './fleet.mjs';

let redis;
const folder = mkdtempSync(path.join(tmpdir(), 'socketio-csv-'));
before(async () => { redis = await startRedis(); });
after(async () => {
  await redis.close();
  rmSync(folder, { recursive: true, force: true });
});
function file(text) {
  const name = path.join(folder, 'prices.csv');
  writeFileSync(name, text);
  return name;
}
const publish = (text, ...more) => runExample('batch_csv', [file(text), '--redis', redis.url, ...more]);

for (const adapter of ['classic', 'sharded', 'streams']) {
  test(`each line reaches its room once and in order, on every server (${adapter})`, async () => {
    const servers = await startFleet('devices', redis, adapter);  // its room of a user is a room like any other
    const clients = await Promise.all(servers.map(({ url }) => connect(url, { auth: { user: 'ada', device: 'x' } })));
    await until(async () => (await clients[0].ask('devices'))[0].length === 2, 'the servers do not find each other');
    const text = Array.from({ length: 300 }, (_, index) => `${index % 3 ? 'user:ada' : 'user:ben'},S${index},${index / 4}\n`).join('');
    const { status, stdout } = await publish(text);
    assert.match(stdout, /^300 of 300 confirmed, 0 lost, 0 unconfirmed/);
    assert.equal(status, 0);
    const expected = Array.from({ length: 300 }, (_, index) => ({ line: index + 1, symbol: `S${index}`, price: index / 4 }))
      .filter((_, index) => index % 3);
    for (const client of clients) {
      await until(() => client.events('update').length >= expected.length, 'not all came');
      assert.deepEqual(client.events('update').map(([, update]) => update), expected);
      client.disconnect();
    }
    await Promise.all(servers.map((server) => server.stop()));
  });
}

test('a file that is not right sends nothing; no Redis is noticed', async () => {
  for (const bad of ['room,symbol\n', 'room,symbol,cheap\n', ',symbol,1\n', 'room,,1\n', 'room,symbol,1x\n', 'room,symbol,inf\n']) {
    const { status, stderr } = await publish(`room,symbol,1\r\n\n${bad}`);
    assert.deepEqual([status, /line 3/.test(stderr)], [1, true], bad);
  }
  assert.equal((await runExample('batch_csv', [path.join(folder, 'none.csv'), '--redis', redis.url])).status, 1);
  assert.equal((await runExample('batch_csv', [file(''), '--redis', 'redis://127.0.0.1:1'])).status, 2);
  assert.equal((await publish('room,symbol,1\n', '--rate', 'fast')).status, 1);
  const { status, stdout } = await publish('room,symbol,1\nroom,symbol,2\n', '--rate', '1000');
  assert.deepEqual([status, /^2 of 2 confirmed.* 2 reached no server/.test(stdout)], [0, true], stdout);
});
