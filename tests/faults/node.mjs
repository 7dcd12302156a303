// A server of a fleet, ours or an official one: a process with a client of its own, behind its own network to Redis.

import { once } from 'node:events';
import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { end, start } from '../interop/children.mjs';
import { freePort, until, within } from '../interop/fleet.mjs';
import { connectClient } from './packages.mjs';

const program = process.env.CONFORMANCE_SERVER
  ?? fileURLToPath(new URL('../../build/examples/conformance_server', import.meta.url));
const script = fileURLToPath(new URL('official.mjs', import.meta.url));

async function startOfficial({ route, ...others }) {
  const settings = { redis: route.official, ...others };
  const child = start(process.execPath, [script, JSON.stringify(settings)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const [{ port }] = await within(once(child, 'message'), () => 'an official server did not start', 30_000);
  return { child, port };
}

async function startOurs({ name, transport, route, requestsTimeout }) {
  for (let attempt = 1; ; ++attempt) {
    const port = await freePort();  // somebody else may take it first: then another one
    const child = start(program, [], {
      env: { ...process.env, PORT: port, NODE_NAME: name, ADAPTER: transport, REDIS_URL: route.url, REQUESTS_TIMEOUT: requestsTimeout },
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    let gone = false;
    child.exited.then(() => { gone = true; }, () => { gone = true; });
    const answers = () => fetch(`http://127.0.0.1:${port}/socket.io/?EIO=4&transport=polling`).then(({ ok }) => ok, () => false);
    await until(async () => gone || await answers(), 'our server did not get ready');
    if (!gone) return { child, port };
    if (attempt === 3) throw new Error(`${program} ended at once, three times`);
  }
}

const kinds = {
  official: { label: 'JS', start: startOfficial },
  ours: { label: 'C++', start: startOurs },
};

export class ServerNode {
  /** `answer`: what its client acknowledges the event "ask" with. */
  static async start(name, kindName, { transport, redis, requestsTimeout = 1_000 }) {
    const node = new ServerNode();
    const kind = kinds[kindName];
    const route = await redis.route();
    node.proxy = route.proxy;
    Object.assign(node, { name, isOurs: kindName === 'ours', label: kind.label },
      await kind.start({ name, transport, route, requestsTimeout }));
    node.child.exited.then((how) => { node.ended = how; }, () => {});
    node.control = await node.#connect('/control');
    node.client = await node.#connect('/');
    node.client.on('ask', (ack) => ack(name));
    return node;
  }

  async #connect(nsp) {
    const socket = connectClient(`http://127.0.0.1:${this.port}${nsp}`, { transports: ['websocket'], forceNew: true, reconnection: false });
    await within(once(socket, 'connect'), () => `no connection to ${this.name}`);
    return socket;
  }

  async op(op, details = {}) {
    const { ok, result, error } = await within(this.control.emitWithAck('op', { op, ...details }),
      () => `${this.name} gave no answer to ${op}`, 20_000);
    if (!ok) throw new Error(error);
    return result;
  }

  get isAlive() {
    return this.ended === undefined && this.client.connected;
  }

  /** What it holds of the system. */
  resources() {
    if (this.ended !== undefined) return { descriptors: 0, kilobytes: 0, connections: 0 };
    const status = readFileSync(`/proc/${this.child.pid}/status`, 'utf8');
    return {
      descriptors: readdirSync(`/proc/${this.child.pid}/fd`).length,
      kilobytes: Number(/^VmRSS:\s+(\d+)/mu.exec(status)[1]),
      connections: this.proxy?.connections.size ?? 0,
    };
  }

  async close() {
    this.client.disconnect();
    this.control.disconnect();
    this.child.kill('SIGCONT');  // a frozen one does not hear anything else
    await end(this.child);
    await this.proxy?.close();
  }
}
