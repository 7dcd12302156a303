// Child processes that end with this one: however it ends, each child is ended by its own process id.

import { spawn } from 'node:child_process';
import { constants } from 'node:os';

const running = new Set();

function endAll() {
  for (const child of running) child.kill('SIGTERM');
}

process.on('exit', endAll);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => process.exit(128 + constants.signals[signal]));
}

/** Starts a program. Its `exited` promise resolves to its exit status, or to the name of the signal that ended it. */
export function start(command, args, options = {}) {
  const child = spawn(command, args, options);
  running.add(child);
  child.exited = new Promise((resolve, reject) => {
    child.once('error', (error) => {
      running.delete(child);
      reject(error);
    });
    child.once('close', (status, signal) => {
      running.delete(child);
      resolve(status ?? signal);
    });
  });
  child.exited.catch(() => {});  // whoever awaits it sees the error; nobody has to
  return child;
}

/** Runs a program to its end with `input` as its standard input. Resolves to `{ status, stdout, stderr }`. */
export async function run(command, args, { input = '', env = process.env, timeoutMs = 30_000 } = {}) {
  const child = start(command, args, { env, stdio: 'pipe' });
  const deadline = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr']) {
    child[name].setEncoding('utf8').on('data', (text) => (output[name] += text));
  }
  child.stdin.on('error', () => {});  // a program may end without reading its input
  child.stdin.end(input);
  try {
    return { status: await child.exited, ...output };
  } finally {
    clearTimeout(deadline);
  }
}

/** Ends a child politely and waits until it is gone. */
export async function end(child) {
  child.kill('SIGTERM');
  await child.exited;
}
