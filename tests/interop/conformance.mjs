// The conformance server (examples/conformance_server.cpp; CONFORMANCE_SERVER names it) as a child process, and clients of it.

import { once } from 'node:events';
import { createServer } from 'node:net';
import { start } from './children.mjs';
import { official } from './packages.mjs';

const { io } = official('socket.io-client');

export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** Starts the server, through `wrap` (a shell command that ends in "exec") if that is given, and waits until it answers. */
export async function startServer(env, wrap) {
  const port = await freePort();
  const program = process.env.CONFORMANCE_SERVER;
  const [command, args] = wrap ? ['sh', ['-c', `${wrap} "$0"`, program]] : [program, []];
  const child = start(command, args, { env: { ...process.env, ...env, PORT: port }, stdio: 'inherit' });
  const url = `http://127.0.0.1:${port}`;
  while (child.exitCode === null) {
    const answer = await fetch(`${url}/socket.io/?EIO=4&transport=polling`).catch(() => null);
    if (answer?.ok) return { child, url, port };
    await new Promise(setImmediate);
  }
  throw new Error('the server has ended instead of listening');
}

/** Bytes look alike, whether they came as Buffer, Uint8Array or ArrayBuffer. */
export function seen(value) {
  if (value instanceof ArrayBuffer || value instanceof Uint8Array) return Buffer.from(value);
  if (Array.isArray(value)) return value.map(seen);
  if (value !== null && typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, seen(member)]));
  }
  return value;
}

/** Emits, and resolves to the values of the ack. */
export const ask = (socket, ...event) => new Promise((resolve) => {
  socket.emit(...event, (...answer) => resolve(seen(answer)));
});

/** A client that keeps every event in `events`; `connected` is when it may be used. */
export function open(server, nsp = '/', options = {}, library = io) {
  const socket = library(server.url + nsp, { forceNew: true, reconnection: false, ...options });
  socket.events = [];
  const keep = (...event) => {
    socket.events.push(seen(event));
    socket.waiting?.();
  };
  if (socket.onAny) {
    socket.onAny(keep);
  } else {  // generation 2 has no such thing
    const { onevent } = socket;
    socket.onevent = function hear(packet) {
      keep(...packet.data);
      onevent.call(this, packet);
    };
  }
  return socket;
}

/** Opens a client and waits for its CONNECT, and the `auth` event behind it. */
export async function connected(server, nsp, options, library) {
  const socket = open(server, nsp, options, library);
  await until(socket, () => socket.connected && socket.events.length > 0);
  return socket;
}

/** Waits until `done` is true, asked at each event of the socket, its connection or its end. */
export async function until(socket, done) {
  while (!done()) {
    await new Promise((resolve) => {
      socket.waiting = resolve;
      for (const event of ['connect', 'disconnect', 'connect_error', 'error']) socket.once(event, resolve);
    });
  }
}

/** Waits for so many more events, and takes them. */
export async function next(socket, count = 1) {
  await until(socket, () => socket.events.length >= count);
  return socket.events.splice(0, count);
}

/**
 * All that has come, once everything that was said before is here. On several threads, an event may wait for the thread of the
 * socket while that answers the first question; it goes out before the second answer.
 */
export async function settled(socket) {
  for (let round = 0; round < 2; ++round) await ask(socket, 'whoami');
  return socket.events.splice(0);
}

/** Performs an operation of /control; its result. */
export async function perform(control, op, fields = {}) {
  const [{ ok, result, error }] = await ask(control, 'op', { op, ...fields });
  if (!ok) throw new Error(error);
  return result;
}
