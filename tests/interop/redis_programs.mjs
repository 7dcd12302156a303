// The Redis that tests, demo and benchmarks start: $REDIS_SERVER, a name or a path ("valkey-server"); otherwise redis-server where
// it is on the PATH, and valkey-server where it is not. Its client comes with it: redis-cli or valkey-cli.

import { existsSync } from 'node:fs';
import path from 'node:path';

const onPath = (name) => (process.env.PATH ?? '').split(path.delimiter).some((folder) => existsSync(path.join(folder, name)));

export const redisServer = process.env.REDIS_SERVER || (onPath('redis-server') ? 'redis-server' : 'valkey-server');
export const redisCli = redisServer.endsWith('-server') ? redisServer.replace(/-server$/, '-cli') : 'redis-cli';
