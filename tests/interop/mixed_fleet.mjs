// A fleet of three: official servers on both sides, and in the middle ours, with three clients on each.
//
//   a1 a2 ax ──▶ a (official) ─┐
//   b1 b2 bx ──▶ b (ours)     ─┼─ Redis          the clients ...x are in /custom, the others in /
//   c1 c2 cx ──▶ c (official) ─┘
//
// Every node takes the same operations (the conformance server's namespace /control; peer.mjs does them in this process).

import { once } from 'node:events';
import { end, start } from './children.mjs';
import { freePort, until, within } from './fleet.mjs';
import { official } from './packages.mjs';
import { Peer } from './peer.mjs';

const { io: connectClient } = official('socket.io-client');
const MARKER = 'fleet:settled';
export const names = ['a', 'b', 'c'];
export const ours = 'b';
export const namespaces = ['/', '/custom'];

/** Our server, a process of its own. */
class Ours {
  static async start(name, { redisUrl, requestsTimeout, publishOnSpecificResponseChannel, env }) {
    for (let attempt = 1; ; ++attempt) {
      const port = await freePort();  // somebody else may take it first: then another one
      const ours = new Ours();
      ours.name = name;
      ours.url = `http://127.0.0.1:${port}`;
      ours.child = start(process.env.CONFORMANCE_SERVER, [], {
        env: {
          ...process.env, ...env, PORT: String(port), NODE_NAME: name, REDIS_URL: redisUrl,
          REQUESTS_TIMEOUT: String(requestsTimeout), SPECIFIC_RESPONSE_CHANNEL: publishOnSpecificResponseChannel ? '1' : '0',
        },
        stdio: ['ignore', 'inherit', 'inherit'],
      });
      let gone = false;
      ours.child.exited.then(() => { gone = true; });
      const answers = () => fetch(`${ours.url}/socket.io/?EIO=4&transport=polling`).then(({ ok }) => ok, () => false);
      await until(async () => gone || await answers(), 'our server did not get ready');
      if (!gone) return await ours.#control();
      if (attempt === 3) throw new Error('our server ended at once, three times');
    }
  }

  isAtRest() {
    return true;  // it writes at the end of each turn what the connection takes
  }

  async #control() {
    this.control = connectClient(`${this.url}/control`, { transports: ['websocket'], forceNew: true });
    await within(once(this.control, 'connect'), () => 'no connection to /control');
    return this;
  }

  async op(operation) {
    const { ok, result, error } = await within(this.control.emitWithAck('op', operation), () => `no answer: ${operation.op}`);
    if (!ok) throw new Error(`${operation.op}: ${error}`);
    return result;
  }

  async close() {
    this.control.disconnect();
    await end(this.child);
  }
}

/** What a client answers when it is asked for an ack; nothing to other events. */
const answers = {
  ask: ({ name }) => [name],
  'ask-half': ({ name }) => (name.endsWith('1') ? [name] : undefined),
  'ask-nothing': () => [],
  'ask-values': ({ name }, ...args) => [{ name, args }, 'a second argument stays here'],
};

export class MixedFleet {
  nodes = {};
  clients = new Map();
  #number = 0;

  /** `kinds`: what a and c are, see peer.mjs; `env`: what makes ours one of them. */
  static async start({ kinds: [first, last], ...options }) {
    const fleet = new MixedFleet();
    const shared = { namespaces, ...options };
    try {
      fleet.nodes.a = await Peer.start('a', first, shared);
      fleet.nodes.b = await Ours.start('b', shared);
      fleet.nodes.c = await Peer.start('c', last, shared);
    } catch (error) {
      await fleet.close();
      throw error;
    }
    return fleet;
  }

  /** New clients, each in its rooms; the old ones are gone from all servers. `people`: name to { nsp, rooms }. */
  async connect(people) {
    for (const { socket } of this.clients.values()) socket.disconnect();
    this.clients.clear();
    for (const [name, { nsp = '/', rooms = [] }] of Object.entries(people)) {
      this.clients.set(name, this.#newClient(name, this.nodes[name[0]], nsp, rooms));
    }
    const all = [...this.clients.values()];
    await within(Promise.all(all.map(({ connected }) => connected)), () => 'not all clients connected');
    for (const node of Object.values(this.nodes)) {
      for (const nsp of namespaces) {
        const here = all.filter((client) => client.node === node && client.nsp === nsp).map(({ id }) => id).sort();
        await until(async () => {
          const found = await node.op({ op: 'localSockets', nsp });
          return JSON.stringify(found.map(({ id }) => id)) === JSON.stringify(here);
        }, `old sockets stay on ${node.name}`);
      }
    }
    for (const { node, nsp, id, rooms, name } of all) {
      await node.op({ op: 'join', nsp, socket: id, rooms });
      await node.op({ op: 'setData', nsp, socket: id, data: { name, deep: [null, { ß: '🎈' }] } });
    }
    await this.settle();
  }

  #newClient(name, node, nsp, rooms) {
    const socket = connectClient(`${node.url}${nsp}`, { transports: ['websocket'], forceNew: true, reconnection: false });
    const client = { name, node, nsp, rooms, socket, received: [], disconnected: false, markers: {} };
    socket.onAny((event, ...args) => {
      if (event === MARKER) return client.markers[args[0]] = args[1];
      if (event === 'auth') return;  // the conformance server's greeting
      const ack = typeof args.at(-1) === 'function' ? args.pop() : undefined;
      client.received.push([event, ...args]);
      const answer = ack && answers[event]?.(client, ...args);
      if (answer) ack(...answer);
    });
    socket.once('disconnect', () => { client.disconnected = true; });
    client.connected = new Promise((resolve, reject) => {
      socket.once('connect', () => resolve(client.id = socket.id));
      socket.once('connect_error', reject);
    });
    return client;
  }

  id(name) {
    return this.clients.get(name).id;
  }

  /**
   * Waits until everything that was said before has arrived: every node says a marker to all clients. Twice, as some servers act
   * on their own requests only when these come back: what is said after the first markers arrived comes back after those.
   */
  async settle() {
    for (let round = 0; round < 2; ++round) {
      const number = ++this.#number;
      for (const node of Object.values(this.nodes)) {
        for (const nsp of namespaces) await node.op({ op: 'emit', nsp, args: [MARKER, node.name, number] });
      }
      const missing = () => [...this.clients.values()]
        .filter(({ disconnected, markers }) => !disconnected && names.some((name) => (markers[name] ?? 0) < number))
        .map(({ name }) => name);
      await until(() => missing().length === 0, `markers did not reach all of ${[...this.clients.keys()]}`);
    }
    await until(() => Object.values(this.nodes).every((node) => node.isAtRest()), 'something waits to be written');
  }

  /** Waits until each of these clients got something. */
  async arrived(people) {
    await until(() => people.every((name) => this.clients.get(name).received.length > 0), `nothing came to some of ${people}`);
  }

  /** What was recorded since the last call: { received: { name: [[event, ...args], …] }, disconnected: [name, …] } */
  take() {
    const record = { received: {}, disconnected: [] };
    for (const client of this.clients.values()) {
      if (client.received.length > 0) record.received[client.name] = client.received;
      if (client.disconnected) record.disconnected.push(client.name);
      client.received = [];
    }
    return record;
  }

  /** The server-side events that each node heard since the last call, where there were any; waits for some of each of `hearing`. */
  async takeServerSide(hearing = []) {
    const logs = {};
    await until(async () => {
      for (const node of Object.values(this.nodes)) {
        const log = await node.op({ op: 'sseLog' });
        if (log.length > 0) (logs[node.name] ??= []).push(...log.map(({ nsp, event, args }) => [nsp, event, ...args]));
      }
      return hearing.every((name) => name in logs);
    }, `no server-side event on some of ${hearing}`);
    return logs;
  }

  async close() {
    for (const { socket } of this.clients.values()) socket.disconnect();
    for (const node of Object.values(this.nodes)) await node.close();
  }
}
