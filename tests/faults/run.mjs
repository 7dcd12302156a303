// The fault suite: `./run faults`. Prints a table in Markdown; ends with status 1 when something that must hold did not.
//
//   node run.mjs [--only=REGEX] [--transport=NAME] [--short] [--json FILE]      environment: CONFORMANCE_SERVER (our server)

import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import './packages.mjs';
import { faults } from './faults.mjs';
import { requestFaults } from './requests.mjs';
import { runFault } from './suite.mjs';

const { values: options } = parseArgs({
  options: { only: { type: 'string' }, transport: { type: 'string' }, short: { type: 'boolean' }, json: { type: 'string' } },
});
const transports = ['classic', 'sharded', 'streams'].filter((name) => !options.transport || options.transport.split(',').includes(name));
const wanted = new RegExp(options.only ?? '', 'iu');

const isShort = ({ short }, transport) => short === true || short?.includes?.(transport);
const casesOf = (entries) => entries.filter(({ name }) => wanted.test(name)).flatMap((fault) => transports
  .filter((transport) => (fault.transports ?? transports).includes(transport))
  .filter((transport) => !options.short || isShort(fault, transport))
  .map((transport) => ({ fault, transport })));
const flowCases = casesOf(faults);
const requestCases = casesOf(requestFaults);
if (flowCases.length + requestCases.length === 0) throw new Error('there is no such fault');

const line = (cells) => console.log(`| ${cells.join(' | ')} |`);
function heading(cells, numberCount) {
  line(cells);
  line(cells.map((_, index) => (index < cells.length - numberCount ? '---' : '--:')));
}

const results = [];
const counts = ['sent', 'received', 'lost', 'duplicated', 'reordered'];
if (flowCases.length > 0) heading(['fault', 'transport', 'direction', ...counts, 'flows again after ms', 'slowest ms'], 7);
for (const { fault, transport } of flowCases) {
  const result = await runFault(fault, transport);
  results.push({ fault: fault.name, transport, ...result });
  for (const row of [...result.rows, ...result.reference]) {
    if (row.isLocal && !row.direction.startsWith('C++')) continue;
    line([row.fault, row.transport, row.direction, ...counts.map((name) => row[name]), row.againMs ?? 'never', row.slowestMs]);
  }
}

if (requestCases.length > 0) {
  console.log();
  heading(['fault', 'transport', 'question', 'asked by', 'answers of', 'missing', 'after ms'], 2);
}
for (const { fault, transport } of requestCases) {
  const result = await fault.run(transport);
  results.push(result);
  for (const row of result.requests) {
    const answers = row.error ? `nobody: "${row.error}"` : row.answered.join(', ') || 'nobody';
    line([row.fault, row.transport, row.question, row.asker, answers, row.missing, row.tookMs]);
  }
}

const violated = results.filter(({ problems }) => problems.length > 0);
console.log(`\n${results.length} faults, ${violated.length} in which something that must hold did not`);
for (const { fault, transport, problems } of violated) {
  console.log(`\n${fault}, ${transport}:`);
  for (const problem of problems) console.log(`* ${problem}`);
}
if (options.json) writeFileSync(options.json, JSON.stringify(results, null, 1));
process.exitCode = violated.length > 0 ? 1 : 0;
