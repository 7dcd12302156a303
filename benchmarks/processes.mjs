// What the benchmarks share: the processes they measure, which end with them, and what those cost.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { redisServer } from '../tests/interop/redis_programs.mjs';

export const here = path.dirname(fileURLToPath(import.meta.url));

const children = new Set();

/** To the process and all that it has started. */
function signal(child, name) {
  try {
    process.kill(-child.pid, name);
  } catch {
    // It has just ended by itself.
  }
}

process.on('exit', () => children.forEach((child) => signal(child, 'SIGTERM')));
for (const [name, status] of [['SIGINT', 130], ['SIGTERM', 143], ['SIGHUP', 129]]) process.on(name, () => process.exit(status));

/** A folder that goes when this process ends. */
export function temporaryFolder() {
  const folder = mkdtempSync(path.join(tmpdir(), 'socketio-bench-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** spawn() of a process, leader of a group of its own, that ends with this one. */
export function start(command, options = {}) {
  const child = spawn(command[0], command.slice(1), { stdio: ['pipe', 'pipe', 'inherit'], ...options, detached: true });
  child.on('error', (error) => {
    console.error(`${command[0]}: ${error.message}`);
    process.exit(1);
  });
  children.add(child);
  child.on('close', () => children.delete(child));
  child.stdin?.on('error', () => {});  // its end is told by `close`
  return child;
}

/** What a process prints until it ends, with one of the statuses that are accepted. */
export async function output(command, { accept = [0], ...options } = {}) {
  const child = start(command, { stdio: ['ignore', 'pipe', 'inherit'], ...options });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk) => (text += chunk));
  const [status] = await once(child, 'close');
  if (!accept.includes(status)) throw new Error(`${command.join(' ')}: status ${status}`);
  return text;
}

export async function stop(child) {
  if (!children.has(child)) return;
  const closed = once(child, 'close');
  signal(child, 'SIGKILL');
  await closed;
}

// Servers have one core and the load another, with Redis: a server that moves about costs more, and not always the same.
const canPin = availableParallelism() >= 2 && spawnSync('taskset', ['--version']).status === 0;
export const onServerCore = (command) => (canPin ? ['taskset', '-c', '0', ...command] : command);
export const onLoadCore = (command) => (canPin ? ['taskset', '-c', '1', ...command] : command);

export function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** Resolves once something listens there. */
export function listening(target) {
  return new Promise((resolve, reject) => {
    const deadline = Date.now() + 20_000;
    const attempt = () => {
      const socket = connect(target, () => { socket.destroy(); resolve(); });
      socket.on('error', (error) => (Date.now() > deadline ? reject(error) : setTimeout(attempt, 10)));
    };
    attempt();
  });
}

/** A redis-server that ends with this process: `{ url, pid, child }`. */
export async function startRedis() {
  const port = await freePort();
  const child = start(onLoadCore([redisServer, '--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no',
    '--loglevel', 'warning']), { stdio: 'ignore' });
  await listening({ port, host: '127.0.0.1' });
  return { url: `redis://127.0.0.1:${port}`, pid: child.pid, child };
}

const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK']));

/** User and system time of a running process so far, in seconds; to a hundredth. */
export function cpuSeconds(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').replace(/^.*\) /s, '').split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/** Nanoseconds of processor time that each thread of a process has had so far, by the thread's id. */
export const threadTimes = (pid) => Object.fromEntries(readdirSync(`/proc/${pid}/task`).map((id) => (
  [id, Number(readFileSync(`/proc/${pid}/task/${id}/schedstat`, 'latin1').split(' ')[0])])));

/** What of a process is in memory, in bytes. */
export const residentBytes = (pid) => Number(readFileSync(`/proc/${pid}/status`, 'latin1').match(/VmRSS:\s*(\d+)/)[1]) * 1024;

export function machine() {
  const model = readFileSync('/proc/cpuinfo', 'utf8').match(/model name\s*: (.*)/)?.[1] ?? 'unknown processor';
  return `${cpus().length} x ${model}, Node ${process.version}`;
}

export const load = () => loadavg().slice(0, 2).map((value) => value.toFixed(1)).join(' and ');

export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b), middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
