import { encode, type FlowModInit, output, setField } from 'galago/ofp';

/** Ports that packets come in through. */
export const PORTS = 64;
/** The port that all leave through. */
export const OUT = PORTS + 1;
/** Frames lie in so many buffers in turn, as a network card would have them. */
const BUFFERS = 256;

/** The flows of three tables: ports; `count` Ethernet addresses; networks and TCP ports, with four masks. */
function* flowsOf(count: number, rewrites: boolean): Iterable<FlowModInit> {
  for (let port = 1; port <= PORTS; port++) {
    yield flow(0, 1, { inPort: port }, [
      { type: 'writeMetadata', metadata: port, metadataMask: 0xff },
      { type: 'gotoTable', tableId: 1 },
    ]);
  }
  for (let n = 0; n < count; n++) {
    const actions = [setField('reg0', n)];
    yield flow(1, 1, { ethDst: address(n) }, [
      { type: 'applyActions', actions },
      { type: 'gotoTable', tableId: 2 },
    ]);
  }
  const last = [output(OUT)];
  const changed = [{ type: 'decNwTtl' } as const, setField('ethDst', '02:ff:ff:ff:ff:ff'), ...last];
  const actions = rewrites ? changed : last;
  for (const [priority, match] of [
    [4, { ethType: 0x0800, ipv4Src: '192.0.2.0/24' }],
    [3, { ethType: 0x0800, ipProto: 6, tcpDst: 22 }],
    [2, { ethType: 0x0800, ipProto: 6, ipv4Src: '10.0.0.0/8', tcpDst: 80 }],
    [1, { ethType: 0x0800 }],
  ] as const)
    yield flow(2, priority, match, [{ type: 'applyActions', actions }]);
}

function flow(
  tableId: number,
  priority: number,
  match: FlowModInit['match'],
  instructions: FlowModInit['instructions'],
): FlowModInit {
  return { type: 'flowMod', command: 'add', tableId, priority, match: match!, instructions: instructions! };
}

function address(n: number): string {
  const digits = n.toString(16).padStart(8, '0');
  return `02:00:${digits.replace(/(..)(..)(..)(..)/, '$1:$2:$3:$4')}`;
}

/** TCP connections, each to the address of a flow: all flows have equally many, give or take one. */
export class Connections {
  readonly count: number;
  readonly #flows: number;
  readonly #frames = Array.from({ length: BUFFERS }, emptyFrame);
  #next = 0;
  #buffer = 0;

  constructor(count: number, flows: number) {
    this.count = count;
    this.#flows = flows;
  }

  /** Sends a packet of each connection in its turn: one behind the other, or all over the place. */
  send(packets: number, isScattered: boolean, receive: (port: number, frame: Uint8Array) => void): void {
    const step = isScattered ? coprime(Math.floor(this.count * GOLDEN_RATIO), this.count) : 1;
    for (let i = 0; i < packets; i++) {
      this.#next = (this.#next + step) % this.count;
      receive(1 + (this.#next % PORTS), this.#frameOf(this.#next));
    }
  }

  /** The Ethernet address of the flow, 02:01 and the number, 10 and the number to 10.1.0.1, port 80. */
  #frameOf(connection: number): Buffer {
    this.#buffer = (this.#buffer + 1) % BUFFERS;
    const frame = this.#frames[this.#buffer]!;
    write32(frame, 2, Math.floor((connection / this.count) * this.#flows));
    write32(frame, 8, connection);
    write32(frame, 26, 0x0a00_0000 | (connection & 0xff_ffff));
    const port = 1024 + (connection % 60_000);
    frame[34] = port >>> 8;
    frame[35] = port;
    return frame;
  }
}

const GOLDEN_RATIO = 0.618;

/** The first number from there on that steps through all of `count`. */
function coprime(from: number, count: number): number {
  const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b));
  let step = Math.max(1, from);
  while (divisor(step, count) !== 1) step++;
  return step;
}

/** A TCP segment without data, all but for what tells connections apart. */
function emptyFrame(): Buffer {
  const frame = Buffer.alloc(60);
  frame.set([0x02, 0, 0, 0, 0, 0, 0x02, 0x01, 0, 0, 0, 0, 0x08, 0x00, 0x45, 0, 0, 46]);
  frame.set([64, 6], 22);
  frame.set([10, 1, 0, 1], 30);
  frame.writeUInt16BE(80, 36);
  frame[46] = 0x50;
  return frame;
}

function write32(frame: Buffer, at: number, value: number): void {
  frame[at] = value >>> 24;
  frame[at + 1] = value >>> 16;
  frame[at + 2] = value >>> 8;
  frame[at + 3] = value;
}

/** The flow-mods as a switch gets them. */
export function encodedFlowsOf(count: number, rewrites: boolean): readonly Buffer[] {
  return Array.from(flowsOf(count, rewrites), (each) => encode(each));
}
