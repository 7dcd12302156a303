// The network between one server and its Redis, as a TCP proxy that can be told to misbehave.
//
//   server ──▶ proxy ──▶ Redis (unix socket)        each direction is a Pipe: "up" to Redis, "down" from it
//
// What has been read from one side is on its way, as if in a network with large buffers, and arrives in order or, after a reset,
// not at all.

import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { randomPort } from './ports.mjs';

/** Bytes of one direction of one connection. */
class Pipe {
  #chunks = [];  // { data, due }; data null: the end of the stream
  #timer = null;
  #broken = false;

  constructor(from, to, network, direction) {
    Object.assign(this, { from, to, network, direction });
    from.on('data', (data) => this.#take(data));
    from.on('end', () => this.#take(null));
    to.on('drain', () => this.flow());
  }

  get #rules() {
    return this.network.rules[this.direction];
  }

  #take(data) {
    this.#chunks.push({ data, due: performance.now() + this.#rules.delayMs });
    this.flow();
  }

  /** Hands on what is due, as far as the rules and the other side allow. */
  flow() {
    if (this.#broken) return;
    const { stalled, frozen, bytesPerSecond } = this.#rules;
    if (stalled) this.from.pause(); else this.from.resume();
    if (stalled || frozen || this.silent || this.#timer) return;
    while (this.#chunks.length > 0 && !this.to.writableNeedDrain) {
      const { data, due } = this.#chunks[0];
      const wait = due - performance.now();
      if (wait > 0) return this.#again(wait);
      if (data === null) return void this.to.end();
      if (bytesPerSecond) {
        const part = Math.max(1, Math.round(bytesPerSecond / 50));
        this.to.write(data.subarray(0, part));
        if (data.length > part) this.#chunks[0].data = data.subarray(part); else this.#chunks.shift();
        return this.#again(20);
      }
      this.#chunks.shift();
      this.to.write(data);
    }
  }

  #again(ms) {
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.flow();
    }, ms);
  }

  break() {
    this.#broken = true;
    this.#chunks = [];
    clearTimeout(this.#timer);
  }
}

const healthy = () => ({ delayMs: 0, bytesPerSecond: 0, frozen: false, stalled: false });

export class Proxy {
  rules = { up: healthy(), down: healthy() };
  connections = new Set();

  /** `target`: what net.connect() takes. */
  static async start(target) {
    const proxy = new Proxy();
    proxy.target = target;
    for (let attempt = 1; ; ++attempt) {
      proxy.port = randomPort();
      try {
        await proxy.accept();
        return proxy;
      } catch (error) {
        if (error.code !== 'EADDRINUSE' || attempt === 20) throw error;
      }
    }
  }

  #serve(client) {
    const redis = connect({ ...this.target, allowHalfOpen: true });
    const connection = { client, redis, pipes: [] };
    connection.pipes = [new Pipe(client, redis, this, 'up'), new Pipe(redis, client, this, 'down')];
    connection.end = (how) => {
      for (const pipe of connection.pipes) pipe.break();
      client[how]();
      redis.destroy();
      this.connections.delete(connection);
    };
    this.connections.add(connection);
    for (const side of [client, redis]) {
      side.setNoDelay?.(true);
      side.on('error', () => connection.end('destroy'));  // a reset: what was on its way is gone
    }
    client.on('end', () => {
      if (connection.pipes[0].silent) connection.end('destroy');
    });
    client.on('close', () => this.connections.delete(connection));
  }

  /** Changes the rules of one direction ("up", "down") or of both, from now on. */
  set(direction, rules) {
    for (const name of direction === 'both' ? ['up', 'down'] : [direction]) Object.assign(this.rules[name], rules);
    // The newest first: what an old connection still has on its way is often the last to arrive.
    for (const { pipes } of [...this.connections].reverse()) for (const pipe of pipes) pipe.flow();
  }

  heal() {
    this.set('both', healthy());
  }

  /** Ends all connections: in order ("destroy"), or by a reset ("resetAndDestroy"). */
  drop(how = 'destroy') {
    for (const connection of [...this.connections]) connection.end(how);
  }

  /** The connections of this moment never carry a byte again, and nobody is told. New ones are as good as ever. */
  silence() {
    for (const { pipes } of this.connections) for (const pipe of pipes) pipe.silent = true;
  }

  /** Ends all connections and refuses new ones, until accept(). */
  async refuse() {
    const closed = once(this.server, 'close');
    this.server.close();
    this.drop();
    await closed;
  }

  async accept() {
    this.server = createServer({ allowHalfOpen: true }, (client) => this.#serve(client));
    this.server.listen(this.port, '127.0.0.1');
    await once(this.server, 'listening');
  }

  async close() {
    if (this.server.listening) await this.refuse();
  }
}
