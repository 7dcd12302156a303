// Ports below the range from which the system takes those of outgoing connections: one that is given up for a while stays free.

import { once } from 'node:events';
import { createServer } from 'node:net';

const first = 20_000;
const count = 10_000;

export const randomPort = () => first + Math.floor(Math.random() * count);

const given = new Set();

/** A port that nobody listens at, and that is given only once. */
export async function reservePort() {
  for (let attempt = 1; ; ++attempt) {
    const port = randomPort();
    if (given.has(port)) continue;
    try {
      const probe = createServer().listen(port, '127.0.0.1');
      await once(probe, 'listening');
      probe.close();
      await once(probe, 'close');
      given.add(port);
      return port;
    } catch (error) {
      if (attempt === 20) throw error;
    }
  }
}
