// The official server for measuring, the like of examples/peer_server.cpp: peer_server.mjs PORT REDIS_URL
import { official } from '../tests/interop/packages.mjs';

const { Server } = official('socket.io');
const { createAdapter } = official('@socket.io/redis-adapter');
const [port, url] = process.argv.slice(2);
const publisher = official('redis').createClient({ url }), subscriber = publisher.duplicate();
for (const client of [publisher, subscriber]) client.setMaxListeners(0);  // each namespace listens for errors
await Promise.all([publisher.connect(), subscriber.connect()]);

const io = new Server(Number(port), { transports: ['websocket'], serveClient: false, adapter: createAdapter(publisher, subscriber) });
const onConnection = (socket) => socket.on('join', (room) => socket.join(room));
io.on('connection', onConnection);
io.of(/^\/n\d+$/).on('connection', onConnection);
