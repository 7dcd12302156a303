// The shared document, with clients that type at the same time, and the page in two browsers.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, afterEach, before, test } from 'node:test';
import { clientPackages, connect, launchBrowser, open, screenshot, startExample, withPage } from './example.mjs';
import { until, within } from './fleet.mjs';

let server;
let browser;
const clients = [];
const join = async (options) => {
  const client = await connect(server.url, options);
  clients.push(client);
  return client;
};
const apply = (text, { pos, del, ins }) => text.slice(0, pos) + ins + text.slice(pos + del);
async function read(client) {
  const [{ version, text, tail }] = await client.ask('open');
  assert.ok(tail.length <= 200);
  assert.deepEqual(tail.map((op) => op.version), tail.map((_, index) => version + index + 1));
  return { version: version + tail.length, text: tail.reduce(apply, text), tail };
}

before(async () => {
  server = await startExample('document', withPage('document'));
  browser = await launchBrowser();
});
afterEach(() => { for (const client of clients.splice(0)) client.disconnect(); });
after(async () => {
  await browser?.close();
  await server.stop();
});

for (const library of Object.keys(clientPackages)) {
  test(`operations of one author are numbered, and everybody else gets them (${library} client)`, async () => {
    const [ada, ben] = [await join({ library }), await join()];
    const { version, text } = await read(ada);
    const [error, op] = await ada.ask('op', { version, pos: 0, del: text.length, ins: 'Hello' });
    assert.deepEqual([error, op], [null, { version: version + 1, pos: 0, del: text.length, ins: 'Hello' }]);
    assert.deepEqual((await ben.next('op'))[0], op);
    assert.equal((await read(ben)).text, 'Hello');
    assert.deepEqual(ada.events('op'), []);
  });
}

// [the first operation, the second one, whose author has not seen it, and the text]
for (const [first, second, expected] of [
  [[0, 0, 'A'], [0, 0, 'B'], 'ABabcdefgh'],
  [[8, 0, 'A'], [2, 3, ''], 'abfghA'],
  [[2, 3, ''], [8, 0, 'A'], 'abfghA'],
  [[1, 4, ''], [3, 0, 'A'], 'aAfgh'],
  [[3, 0, 'A'], [1, 4, ''], 'aAfgh'],
  [[1, 4, 'X'], [3, 4, 'Y'], 'aXYh'],
  [[3, 4, 'Y'], [1, 4, 'X'], 'aXYh'],
  [[2, 2, ''], [2, 2, ''], 'abefgh'],
  [[0, 8, 'X'], [2, 2, 'Y'], 'XY'],
  [[2, 2, 'Y'], [0, 8, 'X'], 'XY'],
]) {
  test(`of two operations at a time, ${first} and ${second}, nothing that was typed is lost`, async () => {
    const [ada, ben] = [await join(), await join()];
    const start = await read(ada);
    const [, { version }] = await ada.ask('op', { version: start.version, pos: 0, del: start.text.length, ins: 'abcdefgh' });
    for (const [client, [pos, del, ins]] of [[ada, first], [ben, second]]) {
      const [error] = await client.ask('op', { version, pos, del, ins });
      assert.equal(error, null);
    }
    assert.equal((await read(ben)).text, expected);
  });
}

test('positions count UTF-16 units, also inside of a character of two', async () => {
  const ada = await join();
  const start = await read(ada);
  const [, { version }] = await ada.ask('op', { version: start.version, pos: 0, del: start.text.length, ins: 'ä😀€' });
  await ada.ask('op', { version, pos: 3, del: 1, ins: '!' });
  assert.equal((await read(ada)).text, 'ä😀!');
  await ada.ask('op', { version: version + 1, pos: 2, del: 1, ins: '' });
  assert.equal((await read(ada)).text, 'ä\ud83d!');
  await ada.ask('op', { version: version + 2, pos: 2, del: 0, ins: '\ude00' });
  assert.equal((await read(ada)).text, 'ä😀!');
});

test('many who type at random end with the same text, and a long tail is cut', async () => {
  const authors = await Promise.all([1, 2, 3].map(() => join()));
  let seed = 1;
  const random = (below) => (seed = seed * 48271 % 2147483647) % below;
  for (const author of authors) {
    Object.assign(author, await read(author));
    author.log = [];
    author.on('op', (op) => author.log.push(op));
  }
  const type = async (author, letter) => {
    const { version, text } = author;
    const pos = random(text.length + 1);
    const op = { version, pos, del: random(Math.min(4, text.length - pos) + 1), ins: letter.repeat(random(4)) };
    const [error, applied] = await author.ask('op', op);
    assert.equal(error, null);
    author.log.push(applied);
  };
  for (let round = 0; round < 80; round++) {
    await Promise.all(authors.map((author, index) => type(author, 'abc'[index])));
    await until(() => authors.every((author) => author.log.length === 3), 'not everybody got everything');
    for (const author of authors) {
      const ops = author.log.splice(0).sort((a, b) => a.version - b.version);
      author.text = ops.reduce(apply, author.text);
      author.version = ops.at(-1).version;
    }
  }
  const { text, version, tail } = await read(authors[0]);
  for (const author of authors) assert.deepEqual([author.text, author.version], [text, version]);
  assert.equal(tail.length, 200);
  assert.deepEqual(await authors[0].ask('op', { version: version - 201, pos: 0, del: 0, ins: '' }), ['unknown version']);
  assert.equal((await authors[0].ask('op', { version: version - 200, pos: 0, del: 0, ins: '' }))[0], null);
});

test('what cannot be done is answered with the reason, and what is no operation does no harm', async () => {
  const ada = await join();
  const { version, text } = await read(ada);
  for (const [op, reason] of [
    [{ version: version + 1, pos: 0, del: 0, ins: '' }, 'unknown version'],
    [{ pos: 0, del: 0, ins: '' }, 'unknown version'],
    [{ version, del: 0, ins: 'x' }, 'outside of the text'],
    [{ version, pos: text.length + 1, del: 0, ins: 'x' }, 'outside of the text'],
    [{ version, pos: text.length, del: 1, ins: 'x' }, 'outside of the text'],
    [{ version, pos: 0, del: 0, ins: 'x'.repeat(10_001) }, 'too long'],
  ]) {
    assert.deepEqual(await ada.ask('op', op), [reason]);
  }
  for (const op of [undefined, null, 5, 'op', [], { version: -1, pos: 0 }, { version, pos: 1.5 }, { version, pos: 0, del: 0, ins: 7 }]) {
    ada.emit('op', op);
  }
  ada.emit('open');
  assert.deepEqual(await read(ada), { version, text, tail: (await read(ada)).tail });
});

test('a client whose connection broke gets the operations that it missed', async () => {
  const [ada, ben] = [await join({ reconnectionDelay: 10 }), await join()];
  const start = await read(ben);
  await ben.ask('op', { version: start.version, pos: 0, del: start.text.length, ins: 'abc' });
  await ada.next('op');
  const { id } = ada;
  ada.io.reconnection(false);
  ada.io.engine.close();
  await until(() => !ada.connected, 'still connected');
  await ben.ask('op', { version: start.version + 1, pos: 1, del: 1, ins: 'X' });
  const again = once(ada, 'connect');
  ada.io.reconnection(true);
  ada.connect();
  await within(again, () => 'no second connection');
  assert.deepEqual([ada.recovered, ada.id], [true, id]);
  assert.deepEqual((await ada.next('op'))[0], { version: start.version + 2, pos: 1, del: 1, ins: 'X' });
});

test('two pages show the same text', async () => {
  if (!browser) return;
  const ben = await join();
  const { version, text } = await read(ben);
  await ben.ask('op', { version, pos: 0, del: text.length, ins: 'The text of both.\n' });
  const pages = [await open(browser, server.url), await open(browser, server.url)];
  const box = (page) => page.getByLabel('Text', { exact: true });
  const shows = (page, expected) => page.waitForFunction((value) => document.querySelector('textarea').value === value, expected);
  for (const page of pages) await shows(page, 'The text of both.\n');
  await box(pages[0]).press('Control+End');
  await box(pages[1]).press('Control+Home');
  await Promise.all([box(pages[0]).pressSequentially('Written at the end 😀'), box(pages[1]).pressSequentially('Typed in front. ')]);
  const expected = 'Typed in front. The text of both.\nWritten at the end 😀';
  for (const page of pages) await shows(page, expected);
  assert.equal((await read(ben)).text, expected);
  await screenshot(pages[0], 'document');
  for (const page of pages) assert.deepEqual(page.problems, []);
});
