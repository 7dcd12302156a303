// The official packages, in two generations: "oldest", which docs/wire-compatibility.md promises, and "newest". PEERS=oldest or
// PEERS=newest chooses one; otherwise it is the newest that is installed and that this Node runs.
//
// A process without the packages, or whose Node is too old for them, ends with status 77, which meson counts as skipped.

import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const generations = ['newest', 'oldest'];

/** Why a generation cannot be used; nothing when it can. */
function whyNot(name) {
  const folder = new URL(`peers/${name}/`, import.meta.url);
  const { engines } = JSON.parse(readFileSync(new URL('package.json', folder), 'utf8'));
  const [needed] = engines.node.match(/\d+/);
  if (Number(process.versions.node.split('.')[0]) < Number(needed)) {
    return `the ${name} official packages need Node ${needed}, this is ${process.version}`;
  }
  if (existsSync(new URL('node_modules/', folder))) return undefined;
  return `the ${name} official packages are not installed; run "./run setup", or "npm ci" in tests/interop/peers/${name}`;
}

const asked = process.env.PEERS ? [process.env.PEERS] : generations;
if (!asked.every((name) => generations.includes(name))) throw new Error(`PEERS is oldest or newest, not ${process.env.PEERS}`);
const reasons = asked.map((name) => ({ name, reason: whyNot(name) }));
const usable = reasons.find(({ reason }) => reason === undefined);
if (!usable) {
  console.log(`skipped: ${reasons.map(({ reason }) => reason).join('; ')}`);
  process.exit(77);
}

export const generation = usable.name;
/** Where a browser's or another program's copy of a package is. */
export const packageFolder = fileURLToPath(new URL(`peers/${generation}/node_modules/`, import.meta.url));
/** Like require(): official('socket.io') is that package. */
export const official = createRequire(new URL(`peers/${generation}/package.json`, import.meta.url));
