import { createSocket } from 'node:dgram';
import { connect, createServer } from 'node:net';

// Who is in a container, told by TCP and UDP: run in its network namespace, since its image has no such program.
// `serve NAME` says so until it is ended; `tcp:ADDRESS udp:ADDRESS …` asks, and prints a line for each.
// Plain JavaScript, because Node.js does not compile TypeScript.

const PORT = 7007;
/** More than a window, so that segments fill the MTU. */
const FILL = '.'.repeat(300_000);
const DATAGRAM = '.'.repeat(1000);
const [, , first, second] = process.argv;

if (first === 'serve') {
  const udp = createSocket('udp6', (message, { address, port }) => udp.send(second + message, port, address));
  udp.bind(PORT, '::', () => {
    const server = createServer((socket) => socket.on('error', () => {}).end(second + FILL));
    server.listen(PORT, '::', () => console.log('ready'));
  });
} else {
  const asked = process.argv.slice(2).map((word) => {
    const protocol = word.slice(0, 3);
    return protocol === 'tcp' ? askTcp(word.slice(4)) : askUdp(word.slice(4));
  });
  for (const answer of asked) console.log(await answer);
}

function askTcp(address) {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(PORT, address);
    socket.setEncoding('utf8');
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.on('error', reject);
    socket.on('end', () => {
      socket.destroy();
      resolve(nameIn(text, FILL));
    });
  });
}

/** A datagram may be lost: it is sent until it is answered. */
function askUdp(address) {
  return new Promise((resolve, reject) => {
    const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
    const send = () => socket.send(DATAGRAM, PORT, address, () => {});
    const asking = setInterval(send, 200);
    send();
    socket.on('error', reject);
    socket.on('message', (message) => {
      clearInterval(asking);
      socket.close();
      resolve(nameIn(`${message}`, DATAGRAM));
    });
  });
}

function nameIn(text, rest) {
  return text.endsWith(rest) ? text.slice(0, -rest.length) : `${text.length} characters`;
}
