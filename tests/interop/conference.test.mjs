// A conference room: who is in it, its moderator, its limit, and the messages between its members.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { clientPackages, connect, refused, runExample, startExample } from './example.mjs';
import { until } from './fleet.mjs';

let server;
let room = 0;  // a new one for each test
const clients = [];
const enter = async (name, options) => {
  const client = await connect(server.url, { auth: { name }, reconnection: false, ...options });
  clients.push(client);
  return client;
};
const person = ({ id }, name) => ({ id, name });

before(async () => { server = await startExample('conference'); });
afterEach(() => {
  for (const client of clients.splice(0)) client.disconnect();
  room++;
});
after(() => server.stop());

for (const library of Object.keys(clientPackages)) {
  test(`those who join see each other, chat and exchange signals (${library} client)`, async () => {
    const [ada, ben, cleo] = [await enter('Ada', { library }), await enter('Ben'), await enter('Cleo')];
    assert.deepEqual(await ada.ask('join', `${room}`), [null, [], ada.id]);
    assert.deepEqual(await ben.ask('join', `${room}`), [null, [person(ada, 'Ada')], ada.id]);
    assert.deepEqual(await ben.ask('join', `${room}`), [null, [person(ada, 'Ada')], ada.id]);
    assert.deepEqual(await ada.next('peer-joined'), [ben.id, 'Ben']);
    ben.emit('chat', `${room}`, 'hello');
    for (const client of [ada, ben]) assert.deepEqual(await client.next('chat'), ['Ben', 'hello']);
    assert.deepEqual(await ben.ask('signal', `${room}`, ada.id, { sdp: Buffer.from([0, 255]) }), [null]);
    assert.deepEqual(await ada.next('signal'), [ben.id, { sdp: Buffer.from([0, 255]) }]);
    assert.deepEqual(await ben.ask('signal', `${room}`, cleo.id, 1), ['no such peer']);
    assert.deepEqual(await cleo.ask('signal', `${room}`, ada.id, 1), ['no such peer']);
    cleo.emit('chat', `${room}`, 'from outside');
    await cleo.ask('signal', `${room}`, ada.id, 1);
    assert.deepEqual([ada.events('chat').length, ada.events('peer-joined').length, cleo.got], [1, 1, []]);
  });
}

test('a room is full at four, and free again when somebody goes', async () => {
  const people = await Promise.all(['A', 'B', 'C', 'D', 'E'].map((name) => enter(name)));
  for (const client of people.slice(0, 4)) assert.equal((await client.ask('join', `${room}`))[0], null);
  assert.deepEqual(await people[4].ask('join', `${room}`), ['full']);
  const { id } = people[1];
  people[1].disconnect();
  assert.deepEqual(await people[0].next('peer-left'), [id]);
  assert.equal((await people[4].ask('join', `${room}`))[0], null);
});

test('when the moderator goes, the longest present follows', async () => {
  const [ada, ben, cleo] = await Promise.all(['Ada', 'Ben', 'Cleo'].map((name) => enter(name)));
  for (const client of [ada, ben, cleo]) await client.ask('join', `${room}`);
  const { id } = ada;
  ada.disconnect();
  for (const client of [ben, cleo]) {
    assert.deepEqual(await client.next('peer-left'), [id]);
    assert.deepEqual(await client.next('moderator'), [ben.id]);
  }
  assert.deepEqual(await ben.ask('kick', `${room}`, cleo.id), [null]);
});

test('the moderator kicks, and keeps out', async () => {
  const [ada, ben, cleo] = await Promise.all(['Ada', 'Ben', 'Cleo'].map((name) => enter(name)));
  for (const client of [ada, ben, cleo]) await client.ask('join', `${room}`);
  assert.deepEqual(await ben.ask('kick', `${room}`, ada.id, true), ['not allowed']);
  assert.deepEqual(await ada.ask('kick', 'elsewhere', ben.id, true), ['not allowed']);
  assert.deepEqual(await ada.ask('kick', `${room}`, 'nobody', true), ['no such peer']);
  assert.deepEqual(await ada.ask('kick', `${room}`, ben.id, false), [null]);
  assert.deepEqual(await ben.next('kicked'), [`${room}`]);
  assert.deepEqual(await cleo.next('peer-left'), [ben.id]);
  ada.emit('chat', `${room}`, 'without Ben');
  assert.deepEqual(await cleo.next('chat'), ['Ada', 'without Ben']);
  assert.deepEqual([(await ben.ask('join', `${room}`))[0], ben.events('chat')], [null, []]);
  assert.deepEqual(await ada.ask('kick', `${room}`, ben.id, true), [null]);
  await until(() => !ben.connected, 'Ben is still connected');
  assert.equal(ben.events('kicked').length, 2);
  assert.deepEqual(await (await enter('Ben')).ask('join', `${room}`), ['banned']);
});

test('bad input does no harm', async () => {
  for (const auth of [undefined, {}, { name: 7 }, { name: '' }, { name: 'x'.repeat(65) }]) {
    assert.equal(await refused(server.url, auth), 'a name is needed');
  }
  const ada = await enter('Ada');
  for (const event of [['join'], ['join', 5], ['chat', 'no room', 'x'], ['chat'], ['signal', `${room}`], ['kick', `${room}`], ['kick', 1, 2, 3]]) {
    ada.emit(...event);
  }
  assert.deepEqual(await ada.ask('join', 'x'.repeat(65)), ['the name is too long']);
  assert.deepEqual(await ada.ask('join', ada.id), [null, [], ada.id]);
  for (const args of [['--room-max', '0'], ['--port', 'x'], ['--colour', 'red'], ['--port']]) {
    assert.equal((await runExample('conference', args)).status, 1);
  }
});
