// What every node of a mixed fleet is told to do, and what must come of it. Members of a scenario:
//
//   needs      what both official servers must be able to do; nothing: all of them can
//   from       the nodes that do it; all three when absent
//   op         the operation, or a function of { from, others, id }
//   got        the clients that get the event of `op` as it was said, by name; or a record { name: [[event, ...args], …] }
//   gone       the clients that are disconnected
//   result     what the operation answers, if that matters
//   heard      server-side events, by node
//   alone      nothing else is said before it has arrived: a volatile event is dropped while another is being written
//   moves      clients move between rooms or leave: the next scenario gets new ones
//   then       operations that follow, as soon as the first one was acted on everywhere (or, `atOnce`, without waiting for
//              that); `got` is what all of them come to

import assert from 'node:assert/strict';

export const people = {
  a1: { rooms: ['red', 'all'] }, a2: { rooms: ['blue', 42, 'all'] }, ax: { nsp: '/custom', rooms: ['red'] },
  b1: { rooms: ['red', 'blue', 'all'] }, b2: { rooms: [42, 'a#b 🦊*', 'all'] }, bx: { nsp: '/custom', rooms: ['red', 'blue'] },
  c1: { rooms: ['red', 'a#b 🦊*', 'all'] }, c2: { rooms: ['all'] }, cx: { nsp: '/custom', rooms: [] },
};
const root = ['a1', 'a2', 'b1', 'b2', 'c1', 'c2'];
const custom = ['ax', 'bx', 'cx'];
const of = (node, list) => list.filter((name) => name[0] === node);
const without = (list, ...names) => list.filter((name) => !names.includes(name));
const emit = (members) => ({ op: 'emit', args: ['news', 1, 'ß'], ...members });

const broadcasts = [
  { name: 'to all', op: emit(), got: root },
  { name: 'to all in another namespace', op: emit({ nsp: '/custom' }), got: custom },
  { name: 'to a room', op: emit({ to: ['red'] }), got: ['a1', 'b1', 'c1'] },
  { name: 'to a room of another namespace', op: emit({ nsp: '/custom', to: ['red'] }), got: ['ax', 'bx'] },
  { name: 'to several rooms, once each', op: emit({ to: ['red', 'blue', 'all'] }), got: root },
  { name: 'to two rooms', op: emit({ to: ['blue', 'a#b 🦊*'] }), got: ['a2', 'b1', 'b2', 'c1'] },
  { name: 'to a room with an odd name', op: emit({ to: ['a#b 🦊*'] }), got: ['b2', 'c1'] },
  { name: 'to a room that nobody is in', op: emit({ to: ['attic'] }), got: [] },
  { name: 'to a room named by a number', needs: 'numbers', op: emit({ to: [42] }), got: ['a2', 'b2'] },
  { name: 'to a numbered room and another', needs: 'numbers', op: emit({ to: [42, 'red'] }), got: ['a1', 'a2', 'b1', 'b2', 'c1'] },
  { name: 'except a room', op: emit({ except: ['red'] }), got: ['a2', 'b2', 'c2'] },
  { name: 'except several rooms', op: emit({ except: ['red', 'blue'] }), got: ['b2', 'c2'] },
  { name: 'to a room except another', op: emit({ to: ['red'], except: ['blue'] }), got: ['a1', 'c1'] },
  { name: 'to a socket by its id', op: ({ id }) => emit({ to: [id('b2')] }), got: ['b2'] },
  { name: 'to sockets by their ids', op: ({ id }) => emit({ to: [id('a1'), id('b1'), id('c2')] }), got: ['a1', 'b1', 'c2'] },
  { name: 'except a socket by its id', op: ({ id }) => emit({ to: ['red'], except: [id('b1')] }), got: ['a1', 'c1'] },
  { name: 'volatile', alone: true, op: emit({ volatile: true }), got: root },
  { name: 'compress, and not', op: emit({ compress: true }), then: [emit({ compress: false })],
    got: Object.fromEntries(root.map((name) => [name, [['news', 1, 'ß'], ['news', 1, 'ß']]])) },
  { name: 'volatile, compressed, to a room', alone: true, op: emit({ to: ['red'], volatile: true, compress: true }),
    got: ['a1', 'b1', 'c1'] },
  { name: 'with a timeout, but no ack', op: emit({ timeout: 1000 }), got: root },
  { name: 'local', op: emit({ local: true }), got: ({ from }) => of(from, root) },
  { name: 'local, to a room', op: emit({ local: true, to: ['red'] }), got: ({ from }) => [`${from}1`] },
  { name: 'from a socket: to all others', op: ({ from, id }) => emit({ socket: id(`${from}1`) }),
    got: ({ from }) => without(root, `${from}1`) },
  { name: 'from a socket: to the others in a room', op: ({ from, id }) => emit({ socket: id(`${from}1`), to: ['red'] }),
    got: ({ from }) => without(['a1', 'b1', 'c1'], `${from}1`) },
  { name: 'from a socket: to the other local ones', op: ({ from, id }) => emit({ socket: id(`${from}1`), local: true }),
    got: ({ from }) => [`${from}2`] },
];

const bytes = Buffer.from([0, 1, 0xfe, 0xff]);
const nested = (depth) => (depth === 0 ? ['bottom'] : [nested(depth - 1)]);
const valueSets = {
  'null, booleans, numbers': [null, true, false, 0, -1, 127, 128, 255, 256, 65536, 0.5, -1e-7, 5e-324],
  'big integers': [2 ** 53, -(2 ** 53), 2 ** 63, 9007199254740991, -2147483649, 4294967296],
  'texts': ['', 'Grüße', '世界', '👩‍👩‍👧‍👦', '\u0000\u001f"\\/\u2028', 'x'.repeat(300), 'ß'.repeat(40_000)],
  'nested values': [{ a: [1, { b: [null, { c: 'd' }] }], '': {}, 2: 'two' }, [[], [{}]], nested(50)],
  'binary': [bytes, Buffer.alloc(0), Buffer.alloc(70_000, 'large '), { deep: [{ file: bytes }] }],
  'no arguments': [],
};
const values = [
  ...Object.entries(valueSets).map(([name, args]) => (
    { name: `values: ${name}`, op: { op: 'emit', to: ['all'], args: ['value', ...args] }, got: root })),
  { name: 'values: a date becomes text', needs: 'dates', op: { op: 'emit', args: ['value', new Date(1_700_000_000_123), [new Date(0)]] },
    got: Object.fromEntries(root.map((name) => [name, [['value', '2023-11-14T22:13:20.123Z', ['1970-01-01T00:00:00.000Z']]]])) },
];

const acked = (responses) => ({ error: null, responses });
const acks = [
  { name: 'acks of all', op: { op: 'emitWithAck', args: ['ask', 1], timeout: 10_000 }, got: root, result: acked(root) },
  { name: 'acks of a room', op: { op: 'emitWithAck', to: ['red'], args: ['ask'], timeout: 10_000 }, got: ['a1', 'b1', 'c1'],
    result: acked(['a1', 'b1', 'c1']) },
  { name: 'acks of a room except another', op: { op: 'emitWithAck', to: ['red'], except: ['blue'], args: ['ask'], timeout: 10_000 },
    got: ['a1', 'c1'], result: acked(['a1', 'c1']) },
  { name: 'acks in another namespace', op: { op: 'emitWithAck', nsp: '/custom', args: ['ask'], timeout: 10_000 }, got: custom,
    result: acked(custom) },
  { name: 'acks of one socket', op: ({ id }) => ({ op: 'emitWithAck', to: [id('b2')], args: ['ask'], timeout: 10_000 }), got: ['b2'],
    result: acked(['b2']) },
  { name: 'acks where nobody is', op: { op: 'emitWithAck', to: ['attic'], args: ['ask'], timeout: 10_000 }, got: [],
    result: acked([]) },
  { name: 'acks without arguments', op: { op: 'emitWithAck', to: ['blue'], args: ['ask-nothing'], timeout: 10_000 }, got: ['a2', 'b1'],
    check: ({ error, responses }) => assert.deepEqual([error, responses.map((response) => response ?? null)], [null, [null, null]]) },
  { name: 'acks with values', op: { op: 'emitWithAck', to: ['blue'], args: ['ask-values', bytes, 2 ** 53, { ß: [null, 1.5] }], timeout: 10_000 },
    got: ['a2', 'b1'],
    check({ error, responses }) {
      const plain = responses.map(({ name, args }) => ({ name, args })).sort((one, other) => (one.name < other.name ? -1 : 1));
      assert.equal(error, null);
      assert.deepEqual(plain, ['a2', 'b1'].map((name) => ({ name, args: [bytes, 2 ** 53, { ß: [null, 1.5] }] })));
    } },
  { name: 'acks of the local sockets', from: ['b'], op: { op: 'emitWithAck', local: true, args: ['ask'], timeout: 10_000 },
    got: ['b1', 'b2'], result: acked(['b1', 'b2']) },
].map((scenario) => ({ needs: 'acks', ...scenario }));

const moved = (op, rooms, members = {}) => ({ op, rooms, ...members });
const sockets = [
  { name: 'all join a room', op: moved('socketsJoin', ['new']), then: [emit({ to: ['new'] })], got: root },
  { name: 'all join a room, and at once are spoken to', from: ['b'], atOnce: true, op: moved('socketsJoin', ['new']),
    then: [emit({ to: ['new'] })], got: root },
  { name: 'those in a room join two others', op: moved('socketsJoin', ['new', 'newer'], { to: ['blue'] }),
    then: [emit({ to: ['new'] }), emit({ to: ['newer'], except: ['red'] })],
    got: { a2: [['news', 1, 'ß'], ['news', 1, 'ß']], b1: [['news', 1, 'ß']] } },
  { name: 'all but those in a room join, in another namespace', op: moved('socketsJoin', ['new'], { nsp: '/custom', except: ['blue'] }),
    then: [emit({ nsp: '/custom', to: ['new'] })], got: ['ax', 'cx'] },
  { name: 'one joins, by its id', op: ({ id }) => moved('socketsJoin', ['new'], { to: [id('b2')] }), then: [emit({ to: ['new'] })],
    got: ['b2'] },
  { name: 'they join a room that is a number', needs: 'numbers', op: moved('socketsJoin', [7], { to: ['red'] }),
    then: [emit({ to: [7] })], got: ['a1', 'b1', 'c1'] },
  { name: 'those in a room leave another', op: moved('socketsLeave', ['all'], { to: ['red'] }), then: [emit({ to: ['all'] })],
    got: ['a2', 'b2', 'c2'] },
  { name: 'the local ones join', op: moved('socketsJoin', ['new'], { local: true }), then: [emit({ to: ['new'] })],
    got: ({ from }) => of(from, root) },
  { name: 'the local ones leave', op: moved('socketsLeave', ['all'], { local: true }), then: [emit({ to: ['all'] })],
    got: ({ from }) => root.filter((name) => name[0] !== from) },
  { name: 'those in a room are disconnected', op: { op: 'disconnectSockets', to: ['blue'] }, then: [emit()],
    got: ['a1', 'b2', 'c1', 'c2'], gone: ['a2', 'b1'] },
  { name: 'all but a room are disconnected, with their connections', op: { op: 'disconnectSockets', except: ['red'], close: true },
    then: [emit()], got: ['a1', 'b1', 'c1'], gone: ['a2', 'b2', 'c2'] },
  { name: 'another namespace is disconnected', op: { op: 'disconnectSockets', nsp: '/custom' }, then: [emit()], got: root, gone: custom },
  { name: 'the local ones are disconnected', op: { op: 'disconnectSockets', local: true }, then: [emit()],
    got: ({ from }) => root.filter((name) => name[0] !== from), gone: ({ from }) => of(from, root) },
].map((scenario) => ({ moves: true, ...scenario }));

const described = ['headers', 'time', 'address', 'xdomain', 'secure', 'issued', 'url', 'query', 'auth'];
/** The sockets of `expected`, each as its server describes it. */
const areSockets = (expected) => (found, { id }) => {
  const rooms = (name) => [id(name), ...people[name].rooms.map(String)].sort();
  const told = found.map((socket) => ({ id: socket.id, rooms: socket.rooms, data: socket.data }));
  assert.deepEqual(told, expected
    .map((name) => ({ id: id(name), rooms: rooms(name), data: { name, deep: [null, { ß: '🎈' }] } }))
    .sort((one, other) => (one.id < other.id ? -1 : 1)));
  for (const { handshake } of found) {
    for (const member of described) assert.ok(member in handshake, `the handshake has no ${member}`);
    assert.deepEqual([handshake.secure, handshake.xdomain, handshake.auth], [false, false, {}]);
    assert.match(handshake.address, /127\.0\.0\.1$/);
    assert.match(handshake.time, /^\w{3} \w{3} \d\d \d{4} \d\d:\d\d:\d\d GMT[+-]\d{4} \(.+\)$/);
    assert.equal(new Date(handshake.time).getTime(), Math.floor(handshake.issued / 1000) * 1000);
    assert.match(handshake.url, /^\/socket\.io\/\?/);
    assert.deepEqual([handshake.query.EIO, handshake.query.transport], ['4', 'websocket']);
    assert.match(handshake.headers.host, /^127\.0\.0\.1:\d+$/);
  }
};
const questions = [
  { name: 'all sockets are fetched', op: { op: 'fetchSockets' }, check: areSockets(root) },
  { name: 'the sockets of a room are fetched', op: { op: 'fetchSockets', to: ['red'], except: ['blue'] }, check: areSockets(['a1', 'c1']) },
  { name: 'the sockets of another namespace are fetched', op: { op: 'fetchSockets', nsp: '/custom' }, check: areSockets(custom) },
  { name: 'one socket is fetched', op: ({ id }) => ({ op: 'fetchSockets', to: [id('b1')] }), check: areSockets(['b1']) },
  { name: 'no socket is fetched', op: { op: 'fetchSockets', to: ['attic'] }, result: [] },
  { name: 'the local sockets are fetched', from: ['b'], op: { op: 'fetchSockets', local: true }, check: areSockets(['b1', 'b2']) },
  { name: 'all rooms', needs: 'rooms', op: { op: 'allRooms' }, check(rooms, { id }) {
    assert.deepEqual([...new Set(rooms)], [...root.map(id), 'red', 'blue', 'all', 'a#b 🦊*', '42'].sort());
  } },
  { name: 'all rooms of another namespace', needs: 'rooms', op: { op: 'allRooms', nsp: '/custom' }, check(rooms, { id }) {
    assert.deepEqual([...new Set(rooms)], [...custom.map(id), 'red', 'blue'].sort());
  } },
  { name: 'servers are counted', needs: 'count', op: { op: 'serverCount' }, result: 3 },
];

const payload = [5, 'ß', { deep: [null, true] }];
const heardBy = (event, nsp = '/') => ({ others }) => Object.fromEntries(others.map((name) => [name, [[nsp, event, ...payload]]]));
const serverSide = [
  { name: 'a server-side event', op: { op: 'serverSideEmit', args: ['sse', ...payload] }, heard: heardBy('sse') },
  { name: 'a server-side event in another namespace', op: { op: 'serverSideEmit', nsp: '/custom', args: ['sse', ...payload] },
    heard: heardBy('sse', '/custom') },
  { name: 'a server-side event with acks', op: { op: 'serverSideEmitWithAck', args: ['sse-ack', ...payload] }, heard: heardBy('sse-ack'),
    check({ error, responses }, { others }) {
      assert.equal(error, null);
      assert.deepEqual(responses.sort((one, other) => (one.node < other.node ? -1 : 1)), others.map((node) => ({ node, args: payload })));
    } },
].map((scenario) => ({ needs: 'serverSide', ...scenario }));

/** What an official node does with one of our sockets, fetched: every such message carries `expectSingleResponse`. */
const remote = (members) => ({ id }) => ({ op: 'remote', ...members, id: id('b1') });
const remotes = [
  { name: 'a fetched socket: emit', op: remote({ does: 'emit', args: ['news', 1] }), got: { b1: [['news', 1]] } },
  { name: 'a fetched socket: emit with ack', needs: 'acks', op: remote({ does: 'ack', args: ['ask'], timeout: 10_000 }),
    got: { b1: [['ask']] }, result: acked(['b1']) },
  { name: 'a fetched socket: join', moves: true, op: remote({ does: 'join', args: ['new'] }), then: [emit({ to: ['new'] })], got: ['b1'] },
  { name: 'a fetched socket: leave', moves: true, op: remote({ does: 'leave', args: ['red'] }), then: [emit({ to: ['red'] })],
    got: ['a1', 'c1'] },
  { name: 'a fetched socket: disconnect', moves: true, op: remote({ does: 'disconnect', args: [true] }), got: {}, gone: ['b1'] },
].map((scenario) => ({ from: ['a', 'c'], ...scenario }));

/** Questions and requests that only the older generation sends. */
const older = [
  { name: 'ids of sockets', op: { op: 'sockets', to: ['red'] },
    check: (ids, { id }) => assert.deepEqual(ids, ['a1', 'b1', 'c1'].map(id).sort()) },
  { name: 'one socket joins', moves: true, op: ({ id }) => ({ op: 'remoteJoin', id: id('b2'), room: 'new' }),
    then: [emit({ to: ['new'] })], got: ['b2'] },
  { name: 'one socket leaves', moves: true, op: ({ id }) => ({ op: 'remoteLeave', id: id('b1'), room: 'red' }),
    then: [emit({ to: ['red'] })], got: ['a1', 'c1'] },
  { name: 'one socket is disconnected', moves: true, op: ({ id }) => ({ op: 'remoteDisconnect', id: id('b1') }), got: {}, gone: ['b1'] },
].map((scenario) => ({ needs: 'single', from: ['a'], ...scenario }));

export const scenarios = [...broadcasts, ...values, ...acks, ...sockets, ...questions, ...serverSide, ...remotes, ...older];

/** Questions that not everybody answers: they last as long as their timeout, so all nodes ask all of them at the same time. */
export const unanswered = [
  { name: 'acks of half the clients', needs: 'acks', op: { op: 'emitWithAck', args: ['ask-half'], timeout: 2500 },
    check({ error, responses }) {
      assert.deepEqual([error, responses.sort()], ['operation has timed out', ['a1', 'b1', 'c1']]);
    } },
  { name: 'acks of nobody', needs: 'acks', op: { op: 'emitWithAck', to: ['red'], args: ['never'], timeout: 300 },
    check: (result) => assert.deepEqual(result, { error: 'operation has timed out', responses: [] }) },
  { name: 'a server-side event that nobody answers', needs: 'serverSide', op: { op: 'serverSideEmitWithAck', args: ['sse-silent', 1] },
    check: (result) => assert.deepEqual(result, { error: 'timeout reached: only 0 responses received out of 2', responses: [] }) },
  { name: 'a server-side event that one node answers', needs: 'serverSide', op: { op: 'serverSideEmitWithAck', args: ['sse-only-a', 1] },
    check(result, { from }) {
      const responses = from === 'a' ? [] : [{ node: 'a', args: [1] }];
      assert.deepEqual(result, { error: `timeout reached: only ${responses.length} responses received out of 2`, responses });
    } },
];
