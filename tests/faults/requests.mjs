// Questions to a fleet of three servers, the third of which is frozen or gets killed before it answers. The second server asks.

import { ServerNode } from './node.mjs';
import { PrivateRedis } from './redis.mjs';

const deadlineMs = 1_000;

const questions = [
  {
    name: 'fetchSockets',
    ask: (node) => node.op('fetchSockets', { timeout: deadlineMs, missing: true }),
    read: (result, { names }) => {
      const sockets = Array.isArray(result) ? result : result.sockets;
      return { answered: sockets.map(({ id }) => names[id]).sort(), missing: result.serversMissing ?? 0 };
    },
    everybody: ['A', 'B', 'C'],
  },
  {
    name: 'emit with acks',
    ask: (node) => node.op('emitWithAck', { args: ['ask'], timeout: deadlineMs, missing: true }),
    read: ({ responses, clientsMissing, serversMissing, error }) => (
      { answered: responses.sort(), missing: (clientsMissing + serversMissing) || (error ? 'unknown' : 0) }),
    everybody: ['A', 'B', 'C'],
  },
  {
    name: 'serverSideEmit with acks',
    ask: (node) => node.op('serverSideEmitWithAck', { args: ['sse-ack'], timeout: deadlineMs }),
    read: ({ responses, error }) => {
      const [, got, asked] = /only (\d+) responses received out of (\d+)/u.exec(error) ?? [];
      const nodes = responses.map(({ node }) => node).sort();
      return { answered: nodes, missing: asked ? asked - got : error ? 'unknown' : 0 };
    },
    everybody: ['A', 'C'],
  },
];

const troubles = [
  { name: 'a server frozen before it answers', short: ['classic'], during() {}, after: (peer) => peer.child.kill('SIGCONT') },
  {
    name: 'a server killed before it answers',
    async during(peer) {
      peer.child.kill('SIGKILL');
      await peer.child.exited;
    },
    after() {},
    isGone: true,
  },
];

async function startFleet(kinds, transport) {
  const redis = await PrivateRedis.start();
  const nodes = await Promise.all(kinds.map((kind, index) => ServerNode.start('ABC'[index], kind, { transport, redis, requestsTimeout: deadlineMs })));
  return {
    nodes,
    names: Object.fromEntries(nodes.map(({ client, name }) => [client.id, name])),
    async close() {
      await Promise.all(nodes.map((node) => node.close()));
      await redis.close();
    },
  };
}

async function outcome(question, asker, fleet) {
  const begin = performance.now();
  const tookMs = () => Math.round(performance.now() - begin);
  try {
    return { ...question.read(await question.ask(asker), fleet), tookMs: tookMs() };
  } catch (error) {
    return { answered: [], missing: 'unknown', error: error.message, tookMs: tookMs() };
  }
}

const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

/** Asks until everybody who is there answers: servers find each other, and Redis finds out who is gone. */
async function complete(question, asker, fleet, wanted) {
  for (let last, end = performance.now() + 10_000; ; ) {
    last = await outcome(question, asker, fleet);
    if (same(last.answered, wanted) && last.missing === 0) return null;
    if (performance.now() > end) return `${question.name}: ${JSON.stringify(last)} instead of answers of ${wanted}`;
  }
}

async function runOne(trouble, kinds, transport) {
  const fleet = await startFleet(kinds, transport);
  const [, asker, peer] = fleet.nodes;
  const problems = [];
  try {
    for (const question of questions) {
      const problem = await complete(question, asker, fleet, question.everybody);
      if (problem) throw new Error(`before any trouble, ${problem}`);
    }
    peer.child.kill('SIGSTOP');
    const asked = Promise.all(questions.map((question) => outcome(question, asker, fleet)));
    await asker.op('emit', { args: ['behind the questions'] });
    await trouble.during(peer);
    const rows = (await asked).map((row, index) => (
      { fault: trouble.name, transport, asker: asker.label, question: questions[index].name, ...row }));
    await trouble.after(peer);
    for (const question of questions) {
      const wanted = question.everybody.filter((name) => !trouble.isGone || name !== 'C');
      const problem = await complete(question, asker, fleet, wanted);
      if (problem) problems.push(`afterwards, ${problem}`);
    }
    if (!asker.isAlive) problems.push('the server that asked has ended');
    return { rows, problems };
  } finally {
    await fleet.close();
  }
}

/** Resolves to { fault, transport, rows, problems }; the official fleet's rows are for comparison alone. */
async function runRequests(trouble, transport) {
  const [ours, reference] = await Promise.all([['official', 'ours', 'official'], ['official', 'official', 'official']]
    .map((kinds) => runOne(trouble, kinds, transport)));
  const problems = ours.problems;
  ours.rows.forEach(({ question, answered, missing }, index) => {
    const wanted = questions[index].everybody.filter((name) => name !== 'C');
    if (!same(answered, wanted) || missing !== 1) {
      problems.push(`${question}: answers of ${answered.join(', ') || 'nobody'}, ${missing} missing; expected ${wanted.join(', ')} and 1`);
    }
  });
  return { fault: trouble.name, transport, requests: [...ours.rows, ...reference.rows], problems };
}

export const requestFaults = troubles.map((trouble) => ({ ...trouble, run: (transport) => runRequests(trouble, transport) }));
