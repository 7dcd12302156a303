// A private Redis that can be frozen, killed and started again at the same place.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { start } from '../interop/children.mjs';
import { within } from '../interop/fleet.mjs';
import { redisServer } from '../interop/redis_programs.mjs';
import { createClient } from './packages.mjs';
import { Proxy } from './proxy.mjs';

/** The user the servers log in as; we are the default user. */
export const user = 'fleet';
export const password = 'secret';
const everything = ['on', `>${password}`, '~*', '&*', '+@all'];

const folders = new Set();
process.on('exit', () => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

export class PrivateRedis {
  /** `extra`: more arguments for redis-server. It listens on a unix socket, unless these name a port. */
  static async start(extra = []) {
    const redis = new PrivateRedis();
    redis.folder = mkdtempSync(path.join(tmpdir(), 'socketio-faults-'));
    folders.add(redis.folder);
    redis.path = path.join(redis.folder, 'redis.sock');
    redis.extra = extra;
    await redis.launch();
    return redis;
  }

  async launch() {
    this.child = start(redisServer, ['--port', '0', '--bind', '127.0.0.1', '--unixsocket', this.path, '--save', '',
      '--appendonly', 'no', '--dir', this.folder, '--user', user, ...everything, ...this.extra],
    { stdio: ['ignore', 'pipe', 'inherit'] });
    let log = '';
    await within(new Promise((resolve, reject) => {
      this.child.stdout.on('data', (text) => {
        log += text;
        if (/ready to accept connections/iu.test(log)) resolve();
      });
      this.child.exited.then(() => reject(new Error(`${redisServer} ended: ${log}`)));
    }), () => `${redisServer} did not start: ${log}`);
    await this.#connect();
  }

  async #connect() {
    this.admin = createClient({ socket: { path: this.path, reconnectStrategy: false } });
    this.admin.on('error', () => {});
    await this.admin.connect();
  }

  /** How one server gets here: through a network of its own. */
  async route() {
    const proxy = await Proxy.start({ path: this.path });
    const url = `redis://${user}:${password}@127.0.0.1:${proxy.port}`;
    return { proxy, url, official: { url } };
  }

  async ask(...words) {
    if (!this.admin.isReady) await this.#connect();
    return await this.admin.sendCommand(words.map(String));
  }

  /** Connections of the servers. */
  async clientCount() {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return 0;
    const list = await this.ask('CLIENT', 'LIST');
    return list.split('\n').filter((line) => line.includes(` user=${user} `)).length;
  }

  allow() {
    return this.ask('ACL', 'SETUSER', user, ...everything);
  }

  signal(name) {
    this.child.kill(name);
  }

  async kill() {
    if (this.admin.isOpen) this.admin.destroy();
    this.child.kill('SIGKILL');
    await this.child.exited;
  }

  async close() {
    if (this.admin.isOpen) this.admin.destroy();
    this.child.kill('SIGKILL');  // there is nothing to save
    await this.child.exited;
    rmSync(this.folder, { recursive: true, force: true });
    folders.delete(this.folder);
  }
}
