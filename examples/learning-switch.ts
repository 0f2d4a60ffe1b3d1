// A learning switch: frames for addresses that have been seen go where they were seen, all others go everywhere.
//   npx tsx examples/learning-switch.ts [METHOD]        METHOD is ptcp:6653:127.0.0.1 unless given
//   ovs-vsctl set-controller br0 tcp:127.0.0.1:6653
import { isPortUp, OpenFlowServer, output, PortNo } from 'galago/ofp';
import { decodeEthernet, isLinkLocalGroup } from 'galago/packet';

const MAX_ADDRESSES = 10_000;
const IDLE_SEC = 60;
const server = new OpenFlowServer({ listen: process.argv[2] ?? 'ptcp:6653:127.0.0.1' });

server.on('switch', (sw) => {
  console.log(`${sw.id} joined`);
  sw.on('close', ({ error }) => console.log(`${sw.id} left${error ? `: ${error.message}` : ''}`));
  const portOf = new Map<string, number>();
  const send = (port: number) => [{ type: 'applyActions', actions: [output(port)] }] as const;

  // Frames that no other flow takes come here.
  sw.send({ type: 'flowMod', command: 'add', priority: 0, instructions: send(PortNo.CONTROLLER) });

  sw.on('packetIn', ({ match: { inPort = 0 }, data }) => {
    const header = headerOf(data);
    if (header === undefined || isLinkLocalGroup(header.ethDst)) return;
    const { ethSrc, ethDst } = header;
    if (portOf.get(ethSrc) !== inPort) {
      console.log(`${sw.id} ${ethSrc} is at port ${inPort}`);
      if (portOf.size >= MAX_ADDRESSES) portOf.clear();
      portOf.set(ethSrc, inPort);
      // It may have moved: flows that lead to where it was, or take what it sends from there, must not stay.
      for (const match of [{ ethDst: ethSrc }, { ethSrc }])
        sw.send({ type: 'flowMod', command: 'delete', match });
    }
    const port = portOf.get(ethDst) ?? PortNo.FLOOD;
    if (port === inPort) return;
    if (port !== PortNo.FLOOD) {
      const match = { inPort, ethSrc, ethDst };
      sw.send({ type: 'flowMod', command: 'add', idleTimeout: IDLE_SEC, match, instructions: send(port) });
    }
    sw.send({ type: 'packetOut', inPort, actions: [output(port)], data });
  });

  sw.on('portStatus', ({ reason, port }) => {
    if (reason !== 'delete' && isPortUp(port)) return;
    for (const [address, portNo] of portOf) if (portNo === port.portNo) portOf.delete(address);
    sw.send({ type: 'flowMod', command: 'delete', outPort: port.portNo });
  });
});

/** Undefined when a frame cannot have been sent by anyone: cut short, or from a group. */
function headerOf(frame: Uint8Array) {
  try {
    return (frame[6]! & 1) === 1 ? undefined : decodeEthernet(frame);
  } catch {
    return undefined;
  }
}

process.once('SIGINT', () => void server.close());
await server.listen();
console.log(`listening on ${server.method}`);
