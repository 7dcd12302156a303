// The official packages of the servers and clients, of the generation that PEERS chooses.

import { official } from '../interop/packages.mjs';

export const { Server } = official('socket.io');
export const { io: connectClient } = official('socket.io-client');
export const { createAdapter, createShardedAdapter } = official('@socket.io/redis-adapter');
export const { createAdapter: createStreamsAdapter } = official('@socket.io/redis-streams-adapter');
export const { createClient } = official('redis');
export const { Redis } = official('ioredis');
