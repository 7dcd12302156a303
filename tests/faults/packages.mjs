// The official packages, which are installed beside the interop tests.

import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';

if (!existsSync(new URL('../interop/node_modules', import.meta.url))) {
  console.log('skipped: the official packages are not installed; run "./run setup", or "npm ci" in tests/interop');
  process.exit(77);  // which meson counts as skipped
}

const require = createRequire(new URL('../interop/packages.mjs', import.meta.url));
export const { Server } = require('socket.io');
export const { io: connectClient } = require('socket.io-client');
export const { createAdapter, createShardedAdapter } = require('@socket.io/redis-adapter');
export const { createAdapter: createStreamsAdapter } = require('@socket.io/redis-streams-adapter');
export const { createClient } = require('redis');
export const { Redis } = require('ioredis');
