import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { dirname } from 'node:path';
import {
  encode,
  Framer,
  type MessageInit,
  OpenFlowServer,
  output,
  type PacketIn,
  type Switch,
} from 'galago/ofp';

/** A controller that listens on a Unix socket. */
export interface Controller {
  /** The process whose CPU is its, when it is not this one. */
  readonly pid?: number;
  close(): Promise<unknown>;
}

const FLOOD = 0xfffffffb;
/** From Debian's package openvswitch-testcontroller. */
const TESTCONTROLLER = 'ovs-testcontroller';

/** The library: learns the source, and answers a known destination with a flow and the packet, others with a flood. */
export async function galago(path: string): Promise<Controller> {
  const server = new OpenFlowServer({ listen: `punix:${path}` });
  server.on('switch', (sw) => {
    const ports = new Map<string, number>();
    sw.on('packetIn', (message) => learn(sw, ports, message));
  });
  await server.listen();
  return server;
}

function learn(sw: Switch, ports: Map<string, number>, { match, data }: PacketIn): void {
  const inPort = match.inPort!;
  const ethDst = macAt(data, 0);
  ports.set(macAt(data, 6), inPort);
  const port = ports.get(ethDst);
  const actions = [output(port ?? FLOOD)];
  if (port !== undefined) {
    const instructions = [{ type: 'applyActions' as const, actions }];
    sw.send({
      type: 'flowMod',
      command: 'add',
      priority: 1,
      idleTimeout: 60,
      match: { ethDst },
      instructions,
    });
  }
  sw.send({ type: 'packetOut', inPort, actions, data });
}

/** Open vSwitch's own learning switch, in C. */
export async function testcontroller(path: string): Promise<Controller> {
  const argv = ['-O', 'OpenFlow13', '-voff', `punix:${path}`];
  const child = spawn(TESTCONTROLLER, argv, {
    stdio: 'ignore',
    // Where it makes its control socket, which it does not start without.
    env: { ...process.env, OVS_RUNDIR: dirname(path) },
  });
  const exited = once(child, 'exit');
  await once(child, 'spawn');
  return {
    pid: child.pid!,
    async close() {
      child.kill();
      await exited;
    },
  };
}

/** Answers whatever comes with the same bytes, one write for all that came at once: what the sockets allow. */
export function canned(path: string): Promise<Controller> {
  return listen(path, (socket) => {
    const answer = Buffer.concat([flowBytes(), packetOutBytes()]);
    const answers = Buffer.concat(new Array<Buffer>(256).fill(answer));
    let due = 0;
    const framer = new Framer(({ bytes }, start) => {
      if (bytes[start + 1] === PACKET_IN) due++;
    });
    socket.on('data', (chunk) => {
      due = 0;
      framer.push(chunk);
      for (; due > 0; due -= 256) socket.write(answers.subarray(0, Math.min(due, 256) * answer.length));
    });
  });
}

/** Written for these packets alone: known offsets, numbers for addresses, bytes patched into ready messages, no checks. */
export function lean(path: string): Promise<Controller> {
  return listen(path, (socket) => {
    const ports = new Map<number, number>();
    const flow = flowBytes();
    const packetOut = packetOutBytes();
    let out = Buffer.allocUnsafe(ARENA_SIZE);
    let size = 0;
    const framer = new Framer(({ bytes, view }, start) => {
      if (bytes[start + 1] !== PACKET_IN) return;
      const inPort = view.getUint32(start + IN_PORT);
      const frame = start + FRAME;
      ports.set(view.getUint32(frame + 8) * 0x1_0000 + view.getUint16(frame + 6), inPort);
      const port = ports.get(view.getUint32(frame + 2) * 0x1_0000 + view.getUint16(frame)) ?? FLOOD;
      if (port !== FLOOD) {
        out.set(flow, size);
        for (let i = 0; i < 6; i++) out[size + FLOW_MAC + i] = bytes[frame + i]!;
        out.writeUInt32BE(port, size + FLOW_PORT);
        size += flow.length;
      }
      out.set(packetOut, size);
      out.writeUInt32BE(inPort, size + 12);
      out.writeUInt32BE(port, size + 28);
      for (let i = 0; i < FRAME_SIZE; i++) out[size + 40 + i] = bytes[frame + i]!;
      size += packetOut.length;
    });
    socket.on('data', (chunk) => {
      framer.push(chunk);
      if (size === 0) return;
      socket.write(out.subarray(0, size));
      out = Buffer.allocUnsafe(ARENA_SIZE);
      size = 0;
    });
  });
}

const PACKET_IN = 10;
const FRAME_SIZE = 64;
/** A chunk holds at most 64 KiB of packet-ins, whose answers are twice as long. */
const ARENA_SIZE = 256 * 1024;
/** Where the packet-ins of the bench have their port and their frame, and the flow-mod its address and its port. */
const IN_PORT = 32;
const FRAME = 42;
const FLOW_MAC = 56;
const FLOW_PORT = 76;

function flowBytes(): Buffer {
  const message: MessageInit = {
    type: 'flowMod',
    command: 'add',
    priority: 1,
    idleTimeout: 60,
    match: { ethDst: '02:00:00:00:00:00' },
    instructions: [{ type: 'applyActions', actions: [output(1)] }],
  };
  return encode(message);
}

function packetOutBytes(): Buffer {
  return encode({ type: 'packetOut', inPort: 1, actions: [output(1)], data: Buffer.alloc(FRAME_SIZE) });
}

async function listen(path: string, answer: (socket: Socket) => void): Promise<Controller> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.write(encode({ type: 'hello', elements: [] }));
    socket.write(encode({ type: 'featuresRequest' }));
    answer(socket);
  });
  server.listen(path);
  await once(server, 'listening');
  return {
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

function macAt(bytes: Uint8Array, at: number): string {
  const hex = (place: number) => HEX[bytes[at + place]!]!;
  return `${hex(0)}:${hex(1)}:${hex(2)}:${hex(3)}:${hex(4)}:${hex(5)}`;
}
