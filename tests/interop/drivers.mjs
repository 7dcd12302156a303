// Who emits: the official emitter, which proves the table of scenarios, and ours in three forms. A driver has
//
//   name         as `notWith` of a scenario calls it, or its first word
//   missing      why it cannot run at all, if so
//   cannot(step) why it cannot do this step, if so
//   open({ url, key }), run(steps), close()
//
// run() returns when Redis has taken everything, with how many servers received each step (the official emitter cannot tell).

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { end, run, start } from './children.mjs';
import { official } from './packages.mjs';

const { createClient } = official('redis');
const { Emitter } = official('@socket.io/redis-emitter');
const isContainer = (value) => value !== null && typeof value === 'object' && !Buffer.isBuffer(value);
const containsDate = (value) => value instanceof Date || (isContainer(value) && Object.values(value).some(containsDate));
const hasDate = ({ args = [] }) => containsDate(args);

/** JSON text as the tool reads it: binary is an object with the one member `$binary`. */
function toJson(value) {
  if (Buffer.isBuffer(value)) return `{"$binary":"${value.toString('base64')}"}`;
  if (Array.isArray(value)) return `[${value.map(toJson).join(',')}]`;
  if (!isContainer(value)) return JSON.stringify(value);
  return `{${Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}:${toJson(item)}`).join(',')}}`;
}

/** A step as one line of NDJSON; the arguments keep their exact text. */
function toLine({ args = [], text, fixture, ...members }, common = {}) {
  const line = JSON.stringify({ ...common, ...members, ...(fixture && { fixture }) });
  const takesArgs = members.event !== undefined && !fixture;
  return takesArgs ? `${line.slice(0, -1)},"args":${text ?? toJson(args)}}` : line;
}

// ---- the official emitter ---------------------------------------------------------------------------------------------

export class OfficialEmitter {
  name = 'official emitter';
  cannot() {}

  async open({ url, key }) {
    this.client = createClient({ url });
    this.client.on('error', () => {});
    await this.client.connect();
    this.emitter = new Emitter(this.client, { key });
  }

  async run(steps) {
    for (const step of steps) this.#step(step);
    await this.client.ping();  // answered after all that was published before
  }

  #step({ op = 'emit', event, args = [], text, to = [], except = [], nsp = '/', volatile, compress, rooms, close }) {
    const values = text ? JSON.parse(text) : args;
    const emitter = nsp === '/' ? this.emitter : this.emitter.of(nsp);
    if (op === 'server-side') return emitter.serverSideEmit(event, ...values);
    let target = emitter.to(to).except(except);
    if (volatile) target = target.volatile;
    if (compress !== undefined) target = target.compress(compress);
    if (op === 'join') target.socketsJoin(rooms);
    else if (op === 'leave') target.socketsLeave(rooms);
    else if (op === 'disconnect') target.disconnectSockets(close);
    else target.emit(event, ...values);
  }

  close() {
    this.client.destroy();
  }
}

// ---- the tool ---------------------------------------------------------------------------------------------------------

/** The tool wants to be told when everybody loses something. */
const takesFromAll = ({ op, to = [] }) => (op === 'leave' || op === 'disconnect') && to.length === 0;

class Tool {
  path = process.env.SOCKETIO_EMIT;
  missing = this.path ? undefined : 'SOCKETIO_EMIT does not name a socketio-emit';

  cannot(step) {
    return hasDate(step) ? 'JSON has no dates' : undefined;
  }

  open({ url, key }) {
    this.common = ['--redis', url, '--key', key, '--output', 'json'];
    this.folder = mkdtempSync(path.join(tmpdir(), 'socketio-emit-'));
  }

  /** Runs the tool, which must succeed, and returns its summary. */
  async emit(args, input) {
    const { status, stdout, stderr } = await run(this.path, [...this.common, ...args], { input });
    assert.equal(status, 0, `socketio-emit ${args.join(' ').slice(0, 300)}\n${stderr}`);
    const summary = JSON.parse(stdout.trimEnd().split('\n').at(-1));
    assert.equal(summary.failed, 0);
    assert.equal(summary.unconfirmed, 0);
    return summary;
  }

  close() {
    rmSync(this.folder, { recursive: true });
  }
}

export class ToolOneShot extends Tool {
  name = 'tool, one shot';

  async run(steps) {
    const receivers = [];
    for (const step of steps) {
      const summary = await this.emit(this.#commandLine(step));
      assert.equal(summary.sent, 1);
      receivers.push(summary.receivers_min);
    }
    return receivers;
  }

  #commandLine({ op = 'emit', event, args = [], text, to = [], except = [], nsp, volatile, compress, rooms = [], close }) {
    const options = [
      ...to.map((room) => (typeof room === 'number' ? `--room-number=${room}` : `--to=${room}`)),
      ...except.map((room) => `--except=${room}`),
    ];
    if (nsp) options.push('--nsp', nsp);
    if (volatile) options.push('--volatile');
    if (compress !== undefined) options.push(compress ? '--compress' : '--no-compress');
    if (takesFromAll({ op, to })) options.push('--all');
    if (op === 'join' || op === 'leave') return [...options, ...rooms.map((room) => `--${op}=${room}`)];
    if (op === 'disconnect') return [...options, '--disconnect', ...(close ? ['--close'] : [])];
    if (op === 'server-side') options.push('--server-side');
    const values = text ? splitArray(text) : args.map((value, index) => this.#argument(value, index));
    return [...options, '--', event, ...values];
  }

  #argument(value, index) {
    if (!Buffer.isBuffer(value)) return toJson(value);
    const file = path.join(this.folder, String(index));
    writeFileSync(file, value);
    return `@${file}`;
  }
}

/** The texts of the items of a JSON array: each comma that leaves whole JSON on both sides of it ends an item. */
function splitArray(text) {
  const items = [];
  let item = '';
  for (const part of text.trim().slice(1, -1).split(',')) {
    item = item === '' ? part : `${item},${part}`;
    try {
      JSON.parse(item);
    } catch {
      continue;
    }
    items.push(item);
    item = '';
  }
  assert.equal(item, '', `not a JSON array: ${text}`);
  return items;
}

export class ToolBatch extends Tool {
  name = 'tool, batch';

  async run(steps) {
    const lines = steps.map((step) => toLine({ ...step, fixture: undefined, all: takesFromAll(step) || undefined }));
    const summary = await this.emit(['--input', '-'], `${lines.join('\n')}\n`);
    assert.equal(summary.sent, steps.length);
    return steps.length === 1 ? [summary.receivers_min] : steps.map(() => summary.receivers_median);
  }
}

// ---- the library ------------------------------------------------------------------------------------------------------

export class Library {
  name = 'library';
  path = process.env.INTEROP_DRIVER;
  missing = this.path ? undefined : 'INTEROP_DRIVER does not name the interop_driver';

  cannot(step) {
    return !step.fixture && hasDate(step) ? 'its commands are JSON, which has no dates' : undefined;
  }

  open({ url, key }) {
    this.common = { url, key };
    this.child = start(this.path, [], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.child.stdin.on('error', () => {});  // it ended: seen as missing answers
    this.answers = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
  }

  async run(steps) {
    const receivers = [];
    for (const step of steps) {
      this.child.stdin.write(`${toLine(step, this.common)}\n`);
      const { value: line } = await this.answers.next();
      assert.ok(line, 'interop_driver ended');
      const answer = JSON.parse(line);
      assert.equal(answer.ok, true, line);
      receivers.push(answer.receivers);
    }
    return receivers;
  }

  close() {
    return end(this.child);
  }
}

export const drivers = [new OfficialEmitter(), new ToolOneShot(), new ToolBatch(), new Library()];
