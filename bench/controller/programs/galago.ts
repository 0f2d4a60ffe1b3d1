import { OpenFlowServer, output, type PacketIn, type Switch } from 'galago/ofp';
import { serveParent } from './parent.ts';

// A learning switch as a user of the library would write it.

const FLOOD = 0xfffffffb;
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** Learns the source, and answers a known destination with a flow and the packet, others with a flood. */
function learn(sw: Switch, ports: Map<number, number>, { match, data }: PacketIn): void {
  const inPort = match.inPort!;
  ports.set(macNumber(data, 6), inPort);
  const port = ports.get(macNumber(data, 0));
  const actions = [output(port ?? FLOOD)];
  if (port !== undefined) {
    sw.send({
      type: 'flowMod',
      command: 'add',
      priority: 1,
      idleTimeout: 60,
      match: { ethDst: macAt(data, 0) },
      instructions: [{ type: 'applyActions', actions }],
    });
  }
  sw.send({ type: 'packetOut', inPort, actions, data });
}

/** An address as a number, which costs less as a key than the text. */
function macNumber(bytes: Uint8Array, at: number): number {
  const high = (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!;
  const low = (bytes[at + 3]! << 16) | (bytes[at + 4]! << 8) | bytes[at + 5]!;
  return high * 0x100_0000 + low;
}

function macAt(bytes: Uint8Array, at: number): string {
  return (
    `${HEX[bytes[at]!]}:${HEX[bytes[at + 1]!]}:${HEX[bytes[at + 2]!]}:` +
    `${HEX[bytes[at + 3]!]}:${HEX[bytes[at + 4]!]}:${HEX[bytes[at + 5]!]}`
  );
}

const server = new OpenFlowServer({ listen: 'ptcp:0:127.0.0.1' });
server.on('switch', (sw) => {
  const ports = new Map<number, number>();
  sw.on('packetIn', (message) => learn(sw, ports, message));
});
await server.listen();
serveParent(Number(server.method!.split(':')[1]));
