import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { encode, type MessageInit, output } from 'galago/ofp';
import { FRAME_SIZE } from './packets.ts';
import { serveParent } from './parent.ts';

// What sockets allow: `lean` learns as little code as these packets can do with, `canned` does not even look at them.

const FLOOD = 0xfffffffb;
const PACKET_IN = 10;
const ECHO_REQUEST = 2;
const ECHO_REPLY = 3;
/** Where the packet-ins of the bench have their port and their frame, and the flow-mod its address and its port. */
const IN_PORT = 32;
const FRAME = 42;
const FLOW_MAC = 56;
const FLOW_PORT = 76;
/** Holds the answers of many chunks: one of at most 64 KiB needs twice its own size. */
const ARENA_SIZE = 1024 * 1024;
/** Answers that one write can hold. */
const MANY = 256;

type OnMessage = (bytes: Buffer, start: number) => void;

/** Answers whatever comes with the same bytes, one write for all that came at once. */
function canned(socket: Socket): void {
  const answer = Buffer.concat([flowBytes(), packetOutBytes()]);
  const answers = Buffer.concat(new Array<Buffer>(MANY).fill(answer));
  let due = 0;
  read(
    socket,
    () => due++,
    () => {
      for (; due > 0; due -= Math.min(due, MANY)) {
        socket.write(answers.subarray(0, Math.min(due, MANY) * answer.length));
      }
    },
  );
}

/** Known offsets, numbers for addresses, bytes patched into ready messages, no checks. */
function lean(socket: Socket): void {
  const ports = new Map<number, number>();
  const flow = flowBytes();
  const packetOut = packetOutBytes();
  let out = Buffer.allocUnsafeSlow(ARENA_SIZE);
  let begun = 0;
  let size = 0;
  const onPacketIn: OnMessage = (bytes, start) => {
    const inPort = bytes.readUInt32BE(start + IN_PORT);
    const frame = start + FRAME;
    ports.set(bytes.readUInt32BE(frame + 8) * 0x1_0000 + bytes.readUInt16BE(frame + 6), inPort);
    const port = ports.get(bytes.readUInt32BE(frame + 2) * 0x1_0000 + bytes.readUInt16BE(frame)) ?? FLOOD;
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
  };
  read(socket, onPacketIn, () => {
    if (size > begun) socket.write(out.subarray(begun, size));
    begun = size;
    if (ARENA_SIZE - size > ARENA_SIZE / 4) return;
    out = Buffer.allocUnsafeSlow(ARENA_SIZE);
    begun = 0;
    size = 0;
  });
}

/** Calls for each packet-in and at the end of each chunk; answers echo requests; looks at nothing else. */
function read(socket: Socket, onPacketIn: OnMessage, onChunk: () => void): void {
  let rest: Buffer | undefined;
  socket.on('data', (chunk) => {
    const bytes = rest === undefined ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    while (bytes.length - at >= 8) {
      const end = at + ((bytes[at + 2]! << 8) | bytes[at + 3]!);
      if (end > bytes.length) break;
      if (bytes[at + 1] === PACKET_IN) onPacketIn(bytes, at);
      else if (bytes[at + 1] === ECHO_REQUEST) echo(socket, bytes.subarray(at, end));
      at = end;
    }
    rest = at === bytes.length ? undefined : bytes.subarray(at);
    onChunk();
  });
}

function echo(socket: Socket, request: Buffer): void {
  const reply = Buffer.from(request);
  reply[1] = ECHO_REPLY;
  socket.write(reply);
}

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

const answer = process.argv[2] === 'lean' ? lean : canned;
const greeting = Buffer.concat([
  encode({ type: 'hello', elements: [] }),
  encode({ type: 'featuresRequest' }),
]);
const server = createServer({ noDelay: true }, (socket) => {
  socket.on('error', () => {});
  socket.write(greeting);
  answer(socket);
});
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 });
await once(server, 'listening');
serveParent((server.address() as AddressInfo).port);
