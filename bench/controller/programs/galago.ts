import { OpenFlowServer, output, type PacketIn, PortNo, type Switch } from 'galago/ofp';
import { decodeEthernet } from 'galago/packet';
import { serveParent } from './parent.ts';

// A learning switch as a user of the library would write it.

/** Learns the source, and answers a known destination with a flow and the packet, others with a flood. */
function learn(sw: Switch, ports: Map<string, number>, { match, data }: PacketIn): void {
  const inPort = match.inPort!;
  const { ethSrc, ethDst } = decodeEthernet(data);
  ports.set(ethSrc, inPort);
  const port = ports.get(ethDst);
  const actions = [output(port ?? PortNo.FLOOD)];
  if (port !== undefined) {
    sw.send({
      type: 'flowMod',
      command: 'add',
      priority: 1,
      idleTimeout: 60,
      match: { ethDst },
      instructions: [{ type: 'applyActions', actions }],
    });
  }
  sw.send({ type: 'packetOut', inPort, actions, data });
}

const server = new OpenFlowServer({ listen: 'ptcp:0:127.0.0.1' });
server.on('switch', (sw) => {
  const ports = new Map<string, number>();
  sw.on('packetIn', (message) => learn(sw, ports, message));
});
await server.listen();
serveParent(Number(server.method!.split(':')[1]));
