// What is emitted into the fleet, and who must get exactly what. One table for all drivers (drivers.mjs).
//
// A scenario has `steps`, carried out in order, and expectations; who is not named must get nothing:
//
//   got           { name: [[event, ...args], …] }         clients
//   flags         { volatile, compress }                  with which the servers sent to each client that got something
//   serverEvents  [[nsp, event, ...args], …]              every server must get all of them
//   disconnected  [name, …]
//
// A step is `{ op, event, args, to, except, nsp, volatile, compress, rooms, close }`; `op` is "emit" unless given, `args` are
// JavaScript values. `text` is JSON for what JSON.stringify cannot say; `fixture` names arguments that a C++ program
// builds from C++ types. Further members of a scenario:
//
//   notWith   { driver: reason }   that driver cannot do it
//   newer     true                 the older generation of servers cannot do it
//   keyed     true                 repeated in the fleet with its own `key`
//   nobody    true                 no server hears it

/** Namespaces and clients. Server 0 uses the Redis client `redis`, server 1 `ioredis`. */
const numbered = '/schöne Grüße 🎈';  // here are the rooms that are named by numbers
export const namespaces = ['/', '/admin', '/shop/eu/berlin', numbered];
export const serverEvents = ['refresh', 'réveil ⏰'];
const oddRooms = ['a#b', '#', '*', 'a*b?[c]', 'straße 世界', '🦊 den', ' ', 'back\\slash', '"quoted"', '-dash', '--to', 'a,b'];
export const people = {
  ada: { server: 0, rooms: ['kitchen', 'team'] },
  ben: { server: 1, rooms: ['kitchen', 'office', 'team'] },
  cleo: { server: 1, rooms: ['office'] },
  dan: { server: 0, rooms: [] },
  eve: { server: 0, nsp: '/admin', rooms: ['kitchen'], shares: 'ada' },
  finn: { server: 1, nsp: '/admin', rooms: ['kitchen', 'office'], shares: 'ben' },
  gus: { server: 0, nsp: '/shop/eu/berlin', rooms: ['kitchen'] },
  hana: { server: 1, nsp: '/shop/eu/berlin', rooms: ['office'] },
  ida: { server: 0, nsp: numbered, rooms: [42, 1.5] },
  jon: { server: 1, nsp: numbered, rooms: ['42', -7] },
  kim: { server: 0, nsp: '/admin', rooms: oddRooms },
  lou: { server: 1, nsp: '/admin', rooms: oddRooms },
};

/** All `names` (text, separated by spaces) got `events`. */
const each = (names, ...events) => Object.fromEntries(names.split(' ').map((name) => [name, events]));

// ---- who gets it ------------------------------------------------------------------------------------------------------

const chat = { event: 'chat', args: ['hi'] };
const hi = ['chat', 'hi'];

const audiences = [
  { name: 'to all: every client of the root namespace, on both servers', keyed: true,
    steps: [chat], got: each('ada ben cleo dan', hi) },
  { name: 'to one room', keyed: true,
    steps: [{ ...chat, to: ['kitchen'] }], got: each('ada ben', hi) },
  { name: 'to several rooms: a client in two of them gets it once',
    steps: [{ ...chat, to: ['kitchen', 'office', 'team'] }], got: each('ada ben cleo', hi) },
  { name: 'to a room that nobody is in', steps: [{ ...chat, to: ['attic'] }], got: {} },
  { name: 'to the same room twice', steps: [{ ...chat, to: ['office', 'office'] }], got: each('ben cleo', hi) },
  { name: 'except one room', steps: [{ ...chat, except: ['kitchen'] }], got: each('cleo dan', hi) },
  { name: 'except several rooms', steps: [{ ...chat, except: ['kitchen', 'office'] }], got: each('dan', hi) },
  { name: 'to a room except another', keyed: true,
    steps: [{ ...chat, to: ['kitchen'], except: ['office'] }], got: each('ada', hi) },
  { name: 'to several rooms except one',
    steps: [{ ...chat, to: ['kitchen', 'office'], except: ['team'] }], got: each('cleo', hi) },
  { name: 'to a room except itself', steps: [{ ...chat, to: ['kitchen'], except: ['kitchen'] }], got: {} },
  { name: 'to all in a namespace', keyed: true,
    steps: [{ ...chat, nsp: '/admin' }], got: each('eve finn kim lou', hi) },
  { name: 'to a room of a namespace',
    steps: [{ ...chat, nsp: '/admin', to: ['kitchen'] }], got: each('eve finn', hi) },
  { name: 'a namespace without its slash', steps: [{ ...chat, nsp: 'admin', to: ['office'] }], got: each('finn', hi) },
  { name: 'to all in a namespace with more slashes',
    steps: [{ ...chat, nsp: '/shop/eu/berlin' }], got: each('gus hana', hi) },
  { name: 'in a namespace with more slashes, except a room',
    steps: [{ ...chat, nsp: '/shop/eu/berlin', except: ['kitchen'] }], got: each('hana', hi) },
  { name: 'a namespace that is only the beginning of another', steps: [{ ...chat, nsp: '/shop' }], got: {}, nobody: true },
  { name: 'a namespace named in unicode', steps: [{ ...chat, nsp: numbered }], got: each('ida jon', hi) },
  { name: 'to a room that is named by a number', newer: true,
    steps: [{ ...chat, nsp: numbered, to: [42] }], got: each('ida', hi) },
  { name: 'to a room that is named by the same digits as text',
    steps: [{ ...chat, nsp: numbered, to: ['42'] }], got: each('jon', hi) },
  { name: 'to the number and to the text', steps: [{ ...chat, nsp: numbered, to: [42, '42'] }], got: each('ida jon', hi) },
  { name: 'to a room named by a fraction', newer: true,
    steps: [{ ...chat, nsp: numbered, to: [1.5] }], got: each('ida', hi) },
  { name: 'to a room named by a negative number', newer: true,
    steps: [{ ...chat, nsp: numbered, to: [-7] }], got: each('jon', hi) },
  { name: 'except a room that is named by a number', notWith: { 'tool, one shot': '--except takes text' },
    steps: [{ ...chat, nsp: numbered, except: [42] }], got: each('jon', hi) },
  ...oddRooms.map((room) => ({ name: `to the room ${JSON.stringify(room)}`,
    steps: [{ ...chat, nsp: '/admin', to: [room] }], got: each('kim lou', hi) })),
  { name: 'except a room with an odd name',
    steps: [{ ...chat, nsp: '/admin', except: ['a#b'] }], got: each('eve finn', hi) },
  { name: 'to one client, by its socket id',
    steps: (id) => [{ ...chat, to: [id.cleo] }], got: each('cleo', hi) },
  { name: 'to all except one client, by its socket id',
    steps: (id) => [{ ...chat, except: [id.ben] }], got: each('ada cleo dan', hi) },
  { name: 'several events arrive in the order of the calls',
    steps: [{ event: 'one', to: ['kitchen'] }, { event: 'two' }, { event: 'three', to: ['office', 'kitchen'] },
      { event: 'four' }],
    got: { ...each('ada ben', ['one'], ['two'], ['three'], ['four']), cleo: [['two'], ['three'], ['four']],
      dan: [['two'], ['four']] } },
];

const flags = [
  { name: 'without flags', steps: [chat], got: each('ada ben cleo dan', hi), flags: { volatile: false, compress: true } },
  { name: 'volatile', steps: [{ ...chat, volatile: true, to: ['kitchen'] }],
    got: each('ada ben', hi), flags: { volatile: true, compress: true } },
  { name: 'compress', steps: [{ ...chat, compress: true }],
    got: each('ada ben cleo dan', hi), flags: { volatile: false, compress: true } },
  { name: 'without compression', steps: [{ ...chat, compress: false, nsp: '/admin' }],
    got: each('eve finn kim lou', hi), flags: { volatile: false, compress: false } },
  { name: 'volatile without compression, to a room except another',
    steps: [{ ...chat, volatile: true, compress: false, to: ['kitchen'], except: ['office'] }],
    got: each('ada', hi), flags: { volatile: true, compress: false } },
];

// ---- what else an emitter does ----------------------------------------------------------------------------------------

const operations = [
  { name: 'the sockets of a room join another, which then gets its events', keyed: true,
    steps: [{ op: 'join', to: ['kitchen'], rooms: ['blue'] }, { ...chat, to: ['blue'] }], got: each('ada ben', hi) },
  { name: 'all sockets of a namespace join two rooms',
    steps: [{ op: 'join', nsp: '/admin', rooms: ['blue', 'red#1'] }, { ...chat, nsp: '/admin', to: ['red#1'] }],
    got: each('eve finn kim lou', hi) },
  { name: 'sockets join except those of a room',
    steps: [{ op: 'join', except: ['office'], rooms: ['blue'] }, { ...chat, to: ['blue'] }], got: each('ada dan', hi) },
  { name: 'one socket joins, by its id',
    steps: (id) => [{ op: 'join', to: [id.dan], rooms: ['🦊 den'] }, { ...chat, to: ['🦊 den'] }], got: each('dan', hi) },
  { name: 'sockets join a room that is named by a number', newer: true, notWith: { 'tool, one shot': '--join takes text' },
    steps: [{ op: 'join', to: ['office'], rooms: [7] }, { ...chat, to: [7] }], got: each('ben cleo', hi) },
  { name: 'sockets leave a room, which then does not reach them',
    steps: [{ op: 'leave', to: ['office'], rooms: ['kitchen'] }, { ...chat, to: ['kitchen'] }], got: each('ada', hi) },
  { name: 'all sockets leave two rooms',
    steps: [{ op: 'leave', rooms: ['kitchen', 'office'] }, { ...chat, to: ['kitchen', 'office', 'team'] }],
    got: each('ada ben', hi) },
  { name: 'sockets of several rooms leave except those of another',
    steps: [{ op: 'leave', to: ['kitchen', 'office'], except: ['team'], rooms: ['office'] }, { ...chat, to: ['office'] }],
    got: each('ben', hi) },
  { name: 'the sockets of a room are disconnected, their connections stay open for other namespaces',
    steps: [{ op: 'disconnect', to: ['kitchen'] }, chat, { ...chat, nsp: '/admin', to: ['kitchen'] }],
    got: each('cleo dan eve finn', hi), disconnected: ['ada', 'ben'] },
  { name: 'the sockets of a room are disconnected and their connections closed',
    steps: [{ op: 'disconnect', to: ['kitchen'], close: true }, chat],
    got: each('cleo dan', hi), disconnected: ['ada', 'ben', 'eve', 'finn'] },
  { name: 'all sockets of a namespace are disconnected, except those of a room', keyed: true,
    steps: [{ op: 'disconnect', nsp: '/admin', except: ['kitchen'] }],
    got: {}, disconnected: ['kim', 'lou'] },
  { name: 'a server-side event reaches the servers and no client', newer: true, keyed: true,
    steps: [{ op: 'server-side', event: 'refresh', args: ['prices', 3, { deep: [null, true, 'ß'] }] }],
    got: {}, serverEvents: [['/', 'refresh', 'prices', 3, { deep: [null, true, 'ß'] }]] },
  { name: 'a server-side event without arguments, in a namespace', newer: true,
    steps: [{ op: 'server-side', nsp: '/admin', event: 'réveil ⏰' }],
    got: {}, serverEvents: [['/admin', 'réveil ⏰']] },
  { name: 'server-side events and broadcasts keep their order', newer: true,
    steps: [{ op: 'server-side', event: 'refresh', args: [1] }, chat, { op: 'server-side', event: 'refresh', args: [2] }],
    got: each('ada ben cleo dan', hi), serverEvents: [['/', 'refresh', 1], ['/', 'refresh', 2]] },
];

// ---- which values arrive ----------------------------------------------------------------------------------------------

const bytes = Buffer.from([0x00, 0x01, 0xfe, 0xff]);
const large = Buffer.alloc(70_000, 'large binary ');
const date = new Date(1_700_000_000_123);
const dateText = '2023-11-14T22:13:20.123Z';
const nested = (depth) => (depth === 0 ? ['bottom'] : [nested(depth - 1)]);
const wraps = { official: 'its encoder sends integers of 2^64 and more modulo 2^64' };
const surrogates = { official: 'its encoder mistakes a lone surrogate for half of a pair',
  library: 'its commands are lines of UTF-8 JSON for another reader' };
const boundaries = [0, 1, 127, 128, 255, 256, 65535, 65536, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1, 2 ** 53];

// [name, args, further members]; `arrive` is what the client gets when that is not `args`.
const values = [
  ['no arguments', []],
  ['null, true, false', [null, true, false]],
  ['integers at all boundaries', boundaries],
  ['negative integers at all boundaries', [-1, -32, -33, -128, -129, -32768, -32769, -(2 ** 31), -(2 ** 31) - 1, -(2 ** 53)]],
  ['fractions', [0.5, -0.1, 0.1, 1 / 3, 3.141592653589793, 1e-7, 5e-324, -123456.789e-5]],
  ['a float without a fraction is the same as an integer', [1, -2], { text: '[1.0,-20e-1]' }],
  ['minus zero is zero', [0], { text: '[-0]' }],
  ['integers above 2^53 as JavaScript rounds them', [9007199254740992, 9223372036854775807, -9223372036854775808],
    { text: '[9007199254740993,9223372036854775807,-9223372036854775807]' }],
  ['2^64 - 1 and 2^64', [18446744073709552000, 18446744073709552000],
    { text: '[18446744073709551615,18446744073709551616]', notWith: wraps }],
  ['numbers in exponent form', [1e21, 1.7976931348623157e308, -1e21], { notWith: wraps }],
  ['a number beyond all doubles is null', [null],
    { text: '[1e400]', notWith: { library: 'another JSON reader is in between' } }],
  ['thirty digits', [123456789012345678901234567890], { text: '[123456789012345678901234567890]', notWith: wraps }],
  ['strings', ['', 'Grüße', '世界', '👩‍👩‍👧‍👦 🦊', 'quote " backslash \\ slash / newline \n tab \t']],
  ['control characters and line separators', ['\u0000\u0001\u001f\u007f\u0085\u2028\u2029\ufeff']],
  ['strings at the boundaries of lengths', [31, 32, 255, 256].map((size) => 'x'.repeat(size))],
  ['strings whose length in bytes is not that in characters', [16, 31, 32, 128, 256].map((size) => 'ß'.repeat(size))],
  ['a string of 100 kB', ['0123456789'.repeat(10_000)]],
  ['a lone surrogate is replaced', ['a\ufffdb'], { text: '["a\\ud800b"]', notWith: surrogates }],
  ['an escaped pair of surrogates', ['🦊'], { text: '["\\ud83e\\udd8a"]' }],
  ['strings that look like something else', ['42', 'true', 'null', '@file', '{"$binary":"AAH+/w=="}', '-x']],
  ['empty containers', [[], {}, [[]], { a: {} }, [{}]]],
  ['nested containers', [{ a: [1, { b: [null, { c: 'd' }] }], e: { f: { g: [] } } }, [[1], [[2]], 'x']]],
  ['deeply nested', [nested(50)]],
  ['the order of members', [{ zebra: 1, apple: 2, Äpfel: 3, mango: { y: 1, x: 2 } }]],
  ['a member that is repeated: the last one', [{ a: 3, b: 2 }], { text: '[{"a":1,"b":2,"a":3}]' }],
  ['members with odd names', [{ '': 1, ' ': 2, 'a.b': 3, '🦊': 4, length: 5, constructor: 6 }]],
  ['members named by numbers', [{ 2: 'b', 10: 'c', x: 'd' }], { text: '[{"x":"d","10":"c","2":"b"}]' }],
  ['twenty arguments', Array.from({ length: 20 }, (_, index) => index)],
  ['three hundred arguments', Array.from({ length: 300 }, (_, index) => `argument ${index}`)],
  ['an object with 20 members', [Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`k${index}`, index]))]],
  ['an array of 1000', [Array.from({ length: 1000 }, (_, index) => index * 0.5)]],
  ['JSON with spaces', [{ a: [1, 2] }, 'x'], { text: ' [ { "a" : [ 1 , 2 ] } , "x" ] ' }],

  ['binary', [bytes], { fixture: 'binary' }],
  ['binary inside an object', [{ file: bytes, n: 1 }], { fixture: 'nested_binary' }],
  ['empty binary', [Buffer.alloc(0)]],
  ['binary of 70 kB', [large]],
  ['several binaries among other values', ['a', bytes, { b: [bytes, { c: large }] }, null, Buffer.from('z'), 7]],

  ['C++ scalars', [true, false, null, -1, 42, 2 ** 53, 1.5, 'text'], { fixture: 'scalars' }],
  ['C++ containers', [[1, 2, 3], { a: 0.5, b: 2 }, [1, 'x', null]], { fixture: 'containers' }],
  ['a C++ struct as an object', [{ name: 'Ada', age: 36, tags: ['x', 'y'] }], { fixture: 'struct_map' }],
  ['a C++ struct as an array', [['Ada', 36, ['x', 'y']]], { fixture: 'struct_array' }],
  ['a date', [date], { arrive: [dateText], fixture: 'date', newer: true }],
  ['a date in a struct', [{ when: date, where: 'lobby' }],
    { arrive: [{ when: dateText, where: 'lobby' }], fixture: 'date_in_struct', newer: true }],
  ['the largest and the smallest C++ integer', [18446744073709552000, -9223372036854775808],
    { text: '[18446744073709551615,-9223372036854775808]', fixture: 'big', notWith: wraps }],
  ['JSON text from C++', [{ a: [1, { b: null }] }], { fixture: 'json' }],
  ['unicode from C++', ['Grüße 世界 🎈', '\u0000\t"'], { fixture: 'unicode' }],
  ['no arguments from C++', [], { fixture: 'none' }],
  ['C++ optionals', [null, 'here'], { fixture: 'optional' }],
].map(([name, args, { arrive = args, text, fixture, ...rest } = {}]) => ({
  name: `values: ${name}`, ...rest,
  steps: [{ event: 'value', args, text, fixture, to: ['kitchen'] }],
  got: each('ada ben', ['value', ...arrive]),
}));

const oddEvents = ['message', 'événement 🎉', 'with spaces', 'a/b:c', '--help', '-1', '{"json":1}', 'x'.repeat(300)];
const eventNames = oddEvents.map((event) => ({
  name: `event name ${JSON.stringify(event.slice(0, 20))}`,
  steps: [{ event, args: [1], to: ['office'] }], got: each('ben cleo', [event, 1]),
}));

export const scenarios = [...audiences, ...flags, ...operations, ...values, ...eventNames];
