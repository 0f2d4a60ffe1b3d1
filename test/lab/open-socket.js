// Opens one socket in the network namespace that it was started in and hands it to its parent. Plain
// JavaScript, so that it starts at once and without a loader.
import { createSocket } from 'node:dgram';
import { createServer, Socket } from 'node:net';

/** @type {{ kind: 'listen' | 'connect' | 'udp', host: string, port: number }} */
const { kind, host, port } = JSON.parse(process.argv[2] ?? '{}');

if (kind === 'listen') {
  const server = createServer();
  server.on('error', fail);
  server.listen({ host, port, backlog: 511 }, () => handOver(server, () => server.close()));
} else if (kind === 'connect') {
  const socket = new Socket();
  socket.on('error', fail);
  // What the peer says first is for the parent to read.
  socket.pause();
  socket.connect({ host, port }, () => handOver(socket, () => {}));
} else {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  socket.on('error', fail);
  socket.bind({ address: host, port, exclusive: true }, () => handOver(socket, () => socket.close()));
}

/**
 * @param {import('node:net').Server | import('node:net').Socket | import('node:dgram').Socket} socket
 * @param {() => void} closeOwn
 */
function handOver(socket, closeOwn) {
  process.send?.({ opened: true }, socket, {}, (error) => {
    if (error) fail(error);
    closeOwn();
    process.disconnect();
  });
}

/** @param {Error} error */
function fail(error) {
  process.send?.({ opened: false, reason: error.message }, undefined, {}, () => process.exit(1));
}
