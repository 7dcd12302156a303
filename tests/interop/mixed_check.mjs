// Does what a scenario of mixed_scenarios.mjs says, and compares what came of it.

import assert from 'node:assert/strict';
import { names } from './mixed_fleet.mjs';
import { people } from './mixed_scenarios.mjs';

const resolve = (value, context) => (typeof value === 'function' ? value(context) : value);

/** What the clients record: `got` as a list of names means that each gets the operation's event as it was said. */
function recordOf({ got = [], gone = [], then }, operation, context) {
  const said = resolve(got, context);
  const { args } = then?.at(-1) ?? operation;
  const received = Array.isArray(said) ? Object.fromEntries(said.map((name) => [name, [args]])) : said;
  return { received, disconnected: resolve(gone, context) };
}

const comparable = ({ responses, ...rest }) => ({ ...rest, responses: [...responses].sort() });

/** One node does the operation, or somebody else does with `act`; what follows is one node's in any case. */
export async function check(fleet, scenario, from, act = (operation) => fleet.nodes[from].op(operation)) {
  const ids = Object.fromEntries([...fleet.clients.keys()].map((name) => [name, fleet.id(name)]));
  const context = { from, others: names.filter((name) => name !== from), id: (name) => ids[name] };
  const operation = resolve(scenario.op, context);
  try {
    const result = await act(operation);
    const record = recordOf(scenario, operation, context);
    if (scenario.alone) await fleet.arrived(Object.keys(record.received));
    for (const next of scenario.then ?? []) {
      if (!scenario.atOnce) await fleet.settle();
      await fleet.nodes[from].op(next);
    }
    await fleet.settle();

    assert.deepStrictEqual(fleet.take(), record);
    const heard = resolve(scenario.heard, context) ?? {};
    assert.deepEqual(await fleet.takeServerSide(Object.keys(heard)), heard);
    if (scenario.check) scenario.check(result, context);
    else if (result?.responses) assert.deepEqual(comparable(result), scenario.result);
    else if (scenario.result !== undefined) assert.deepEqual(result, scenario.result);
  } finally {
    if (scenario.moves) await fleet.connect(people);
    fleet.take();
  }
}
