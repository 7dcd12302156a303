// What can go wrong, as entries of one table.
//
//   begin(fleet)    makes it happen; the fleet: { redis, nodes: [first, second], transport, traffic }
//   lastsMs         how long; 0 for what is over at once
//   end(fleet)      makes it good again
//   transports      where it makes sense; all when absent
//   short           the transports for which it is in the short form, or true
//   hits            "second": the first server, an official one, has no trouble of its own. Otherwise all have
//   deployment      "cluster" or "sentinel" instead of one Redis
//   newConnections  that a server may have afterwards: slots are at other nodes then
//   keeps           no broadcast that the second server says while it lasts is lost: it waits for Redis
//   races           whether an official publisher is back before our subscriber is chance; what it says too early is not counted

const second = ({ nodes }) => nodes[1].proxy;
const everywhere = (action) => (fleet) => Promise.all(fleet.nodes.map(({ proxy }) => action(proxy)));
const heal = everywhere((proxy) => proxy.heal());

const network = [
  {
    name: 'connections cut, new ones refused', hits: 'second', keeps: true, lastsMs: 2_000, short: ['classic', 'streams'],
    begin: (fleet) => second(fleet).refuse(), end: (fleet) => second(fleet).accept(),
  },
  {
    name: 'connections reset', hits: 'second', lastsMs: 0, short: ['classic'],
    begin: (fleet) => second(fleet).drop('resetAndDestroy'),
  },
  {
    name: '200 ms of delay each way', lastsMs: 2_000,
    begin: everywhere((proxy) => proxy.set('both', { delayMs: 200 })), end: heal,
  },
  {
    name: 'frozen towards Redis', hits: 'second', lastsMs: 2_000,
    begin: (fleet) => second(fleet).set('up', { frozen: true }), end: heal,
  },
  {
    name: 'frozen from Redis', hits: 'second', lastsMs: 2_000,
    begin: (fleet) => second(fleet).set('down', { frozen: true }), end: heal,
  },
  {
    name: 'frozen both ways for 8 s', hits: 'second', lastsMs: 8_000,
    begin: (fleet) => second(fleet).set('both', { frozen: true }), end: heal,
  },
  {
    name: 'frozen both ways for 12 s', hits: 'second', lastsMs: 12_000, transports: ['classic', 'streams'],
    begin: (fleet) => second(fleet).set('both', { frozen: true }), end: heal,
  },
  {
    name: 'connections silently dead', hits: 'second', lastsMs: 9_000,
    begin: (fleet) => second(fleet).silence(),
  },
  {
    name: '8 kB/s', hits: 'second', lastsMs: 2_000,
    begin: (fleet) => second(fleet).set('both', { bytesPerSecond: 8_000 }), end: heal,
  },
];

const redis = [
  {
    name: 'CLIENT KILL TYPE pubsub', lastsMs: 0, transports: ['classic', 'sharded'],
    begin: ({ redis: server }) => server.ask('CLIENT', 'KILL', 'TYPE', 'pubsub'),
  },
  {
    name: 'CLIENT KILL of every connection', lastsMs: 0, short: ['streams'],
    begin: ({ redis: server }) => server.ask('CLIENT', 'KILL', 'USER', 'fleet'),
  },
  {
    name: 'CLIENT PAUSE', lastsMs: 2_000,
    begin: ({ redis: server }) => server.ask('CLIENT', 'PAUSE', 2_000), end: () => {},
  },
  {
    name: 'Redis stopped (SIGSTOP)', lastsMs: 2_000, short: ['sharded'],
    begin: ({ redis: server }) => server.signal('SIGSTOP'), end: ({ redis: server }) => server.signal('SIGCONT'),
  },
  {
    name: 'Redis stopped for 8 s', lastsMs: 8_000,
    begin: ({ redis: server }) => server.signal('SIGSTOP'), end: ({ redis: server }) => server.signal('SIGCONT'),
  },
  {
    name: 'Redis killed and started again', keeps: true, races: true, lastsMs: 2_000, short: ['classic', 'streams'],
    async begin(fleet) {
      await fleet.redis.kill();
      await everywhere((proxy) => proxy.refuse())(fleet);
    },
    async end(fleet) {
      await fleet.redis.launch();
      await everywhere((proxy) => proxy.accept())(fleet);
    },
  },
  {
    name: 'rights revoked (ACL)', lastsMs: 2_000,
    begin: ({ redis: server }) => server.ask('ACL', 'SETUSER', 'fleet', 'resetchannels', '-@pubsub', '-@stream'),
    end: ({ redis: server }) => server.allow(),
  },
  {
    name: 'user switched off, connections killed', keeps: true, races: true, lastsMs: 2_000,
    async begin({ redis: server }) {
      await server.ask('ACL', 'SETUSER', 'fleet', 'off');
      await server.ask('CLIENT', 'KILL', 'USER', 'fleet');
    },
    end: ({ redis: server }) => server.allow(),
  },
  {
    name: 'output-buffer limit hit by a slow subscriber', hits: 'second', lastsMs: 2_000, transports: ['classic', 'sharded'],
    async begin(fleet) {
      await fleet.redis.ask('CONFIG', 'SET', 'client-output-buffer-limit', 'pubsub 1mb 512kb 1');
      second(fleet).set('down', { stalled: true });
      const filling = 'x'.repeat(500_000);
      for (let count = 0; count < 40; ++count) await fleet.nodes[0].op('emit', { nsp: '/custom', args: ['filling', filling] });
    },
    end: heal,
  },
];

const streams = [
  {
    name: 'maxmemory reached, noeviction', lastsMs: 2_000, transports: ['streams'],
    begin: ({ redis: server }) => server.ask('CONFIG', 'SET', 'maxmemory', 1),
    end: ({ redis: server }) => server.ask('CONFIG', 'SET', 'maxmemory', 0),
  },
  {
    name: 'FLUSHALL', lastsMs: 0, transports: ['streams'], short: true,
    begin: ({ redis: server }) => server.ask('FLUSHALL'),
  },
  {
    name: 'XTRIM below a reader that is behind', hits: 'second', lastsMs: 1_000, transports: ['streams'],
    begin: (fleet) => second(fleet).refuse(),
    async end(fleet) {
      await fleet.redis.ask('XTRIM', 'socket.io', 'MAXLEN', 0);
      await second(fleet).accept();
    },
  },
];

const peers = [
  {
    name: 'the other server frozen (SIGSTOP)', hits: 'first', lastsMs: 2_000, keeps: true,
    begin: ({ nodes }) => nodes[0].child.kill('SIGSTOP'), end: ({ nodes }) => nodes[0].child.kill('SIGCONT'),
  },
];

/** What lies in the slot that matters: the channel of all of the namespace, the stream; of classic pub/sub, any node will do. */
const keys = { classic: 'socket.io', sharded: 'socket.io#/#', streams: 'socket.io' };
const keyOf = ({ transport }) => keys[transport];

const deployments = [
  {
    name: 'a slot moves to another node of the cluster', deployment: 'cluster', newConnections: 4, lastsMs: 0, transports: ['sharded', 'streams'],
    begin: (fleet) => fleet.redis.moveSlot(keyOf(fleet)),
  },
  {
    name: 'a primary of the cluster killed', deployment: 'cluster', newConnections: 4, lastsMs: 0, races: true,
    begin: (fleet) => fleet.redis.killOwnerOf(keyOf(fleet)), end: (fleet) => fleet.redis.failedOver(keyOf(fleet)),
  },
  {
    name: 'the master killed, sentinels name another one', deployment: 'sentinel', lastsMs: 0, races: true,
    begin: (fleet) => fleet.redis.killMaster(), end: (fleet) => fleet.redis.failedOver(),
  },
];

export const faults = [...network, ...redis, ...streams, ...peers, ...deployments];
