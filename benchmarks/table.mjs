// The table of rows: what was asked, what was found. A row is
//   { work, unit, digits, ours: [value per round], others: { name: [value per round] }, limits: [see below] }
// Ratios are medians of the rounds' ratios, so that a machine whose speed drifts hits all alike.
import { median } from './processes.mjs';

const ratios = (values, others) => median(values.map((value, round) => value / others[round]));
/** `{ ours, others }` of a row, from the answers of each kind in all rounds and what to take out of an answer. */
export function split(results, value) {
  const { 'this project': ours, ...others } = Object.fromEntries(
    Object.entries(results).map(([kind, answers]) => [kind, answers.map(value)]));
  return { ours, others };
}

const ratio = (value) => value.toFixed(value < 9.95 ? 2 : value < 99.5 ? 1 : 0);

/** At most so much, in the row's unit. */
export const atMost = (limit) => ({
  asked: (unit) => `≤ ${limit} ${unit.split('/')[0]}`,
  found: ({ ours }) => ({ value: median(ours), ok: median(ours) <= limit }),
});

/** At least so much. */
export const atLeast = (limit) => ({
  asked: () => `≥ ${limit}`,
  found: ({ ours }) => ({ value: median(ours), ok: median(ours) >= limit }),
});

/** The other costs at least so many times as much. */
export const less = (times, other) => ({
  asked: () => `≥ ${times} times less than ${other}`,
  found: ({ ours, others }) => {
    const value = ratios(others[other], ours);
    return { value, ok: value >= times, text: `${ratio(value)} times less` };
  },
});

const compared = (sign, limit, other, form) => ({
  asked: () => `${sign} ${limit} ${form} ${other}`,
  found: ({ ours, others }) => {
    const value = ratios(ours, others[other]);
    return { value, ok: sign === '≤' ? value <= limit : value >= limit, text: `${ratio(value)} ${form} ${other}` };
  },
});

/** At most so many times a floor. */
export const atMostTimes = (times, floor) => compared('≤', times, floor, 'times');
/** At most such a share of the other. */
export const shareOf = (share, other) => compared('≤', share, other, 'of');
/** At least such a share of the other's rate. */
export const ofRate = (share, other) => compared('≥', share, other, 'of');

/** What a program that does nothing but the system calls reaches, where it does not reach the limit either. */
function floorMisses({ others, ...row }, limits) {
  const [floor, ours] = Object.entries(others).find(([name]) => name.startsWith('raw-')) ?? [];
  const missed = floor ? limits.map((limit) => limit.found({ ...row, ours, others })).filter(({ ok }) => !ok) : [];
  return missed.map(({ value, text }) => `${floor}: ${text ?? value.toFixed(2)}`);
}

export const header = '| work | unit | this project [min..max] | beside it | asked | found | verdict |\n|---|---|---|---|---|---|---|';

export function line(row) {
  const { work, unit, ours, others, limits, digits = 2 } = row;
  const number = (value) => value.toFixed(digits);
  const range = `${number(median(ours))} [${number(Math.min(...ours))}..${number(Math.max(...ours))}]`;
  const beside = Object.entries(others).map(([name, values]) => `${name} ${number(median(values))}`).join('; ');
  const results = limits.map((limit) => ({ limit, asked: limit.asked(unit), ...limit.found(row) }));
  const found = results.map(({ text }) => text).filter(Boolean).join('; ');
  const missed = results.filter(({ ok }) => !ok).map(({ limit }) => limit);
  const verdict = missed.length === 0 ? 'met' : ['**missed**', ...floorMisses(row, missed)].join('; ');
  return `| ${work} | ${unit} | ${range} | ${beside} | ${results.map(({ asked }) => asked).join('; ')} | ${found} | ${verdict} |`;
}
