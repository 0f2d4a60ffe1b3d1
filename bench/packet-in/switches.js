import { connect } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';
import { encode, Framer } from 'galago/ofp';

// Switches that do nothing but send packet-ins and count packet-outs, in a thread of their own. Plain JavaScript,
// because a worker does not inherit what compiles TypeScript.

/** Addresses of each switch, all of which are seen once in so many packets. */
const ADDRESSES = 1024;
const FRAME_SIZE = 64;
const Type = { HELLO: 0, ECHO: 2, FEATURES: 5, GET_CONFIG: 7, PACKET_OUT: 13, MULTIPART: 18, BARRIER: 20 };

const { path, switches, window, answers } = workerData;
const warmUp = 2 * ADDRESSES * switches;
let answered = 0;
let begun = 0;

for (let number = 0; number < switches; number++) open(number);

function open(number) {
  const packets = packetIns(number);
  const size = packets.length / ADDRESSES;
  const socket = connect(path);
  let next = 0;
  let ready = false;
  const send = (count) => {
    for (let left = count; left > 0; ) {
      const some = Math.min(left, ADDRESSES - next);
      socket.write(packets.subarray(next * size, (next + some) * size));
      next = (next + some) % ADDRESSES;
      left -= some;
    }
  };
  let due = 0;
  const framer = new Framer(({ bytes, view }, start) => {
    const type = bytes[start + 1];
    if (type === Type.PACKET_OUT) return due++;
    const reply = replyTo(type, view.getUint32(start + 4), number);
    if (reply !== undefined) socket.write(reply);
    // The last thing that each of the controllers asks for before it waits for packets.
    if (!ready && (type === Type.MULTIPART || type === Type.FEATURES)) {
      ready = true;
      setTimeout(() => send(window), SETTLE_MS);
    }
  });
  socket.write(encode({ type: 'hello', elements: [] }));
  socket.on('data', (chunk) => {
    due = 0;
    framer.push(chunk);
    if (due > 0) answer(due, send);
  });
  socket.on('error', (error) => parentPort.postMessage({ error: error.message }));
}

/** What a controller may still ask for after its first question is answered within this. */
const SETTLE_MS = 200;

function answer(count, send) {
  const before = answered;
  answered += count;
  if (before < warmUp && answered >= warmUp) {
    begun = performance.now();
    parentPort.postMessage({ begun: true });
  }
  if (answered >= warmUp + answers) {
    if (before < warmUp + answers) parentPort.postMessage({ elapsedMs: performance.now() - begun });
    return;
  }
  send(count);
}

function replyTo(type, xid, number) {
  switch (type) {
    case Type.ECHO:
      return encode({ type: 'echoReply', xid, data: Buffer.alloc(0) });
    case Type.FEATURES:
      return encode({
        type: 'featuresReply',
        xid,
        datapathId: number + 1,
        nBuffers: 0,
        nTables: 1,
        auxiliaryId: 0,
        capabilities: 0,
        reserved: 0,
      });
    case Type.GET_CONFIG:
      return encode({ type: 'getConfigReply', xid, flags: 0, missSendLen: 0xffff });
    case Type.MULTIPART:
      return encode({ type: 'multipartReply', xid, multipartType: 'portDesc', body: [] });
    case Type.BARRIER:
      return encode({ type: 'barrierReply', xid });
  }
  return undefined;
}

/** One packet from each address to the next one, the ports by turns: all of them the same size. */
function packetIns(number) {
  return Buffer.concat(
    Array.from({ length: ADDRESSES }, (_, place) => {
      const data = Buffer.alloc(FRAME_SIZE);
      data.writeUIntBE(addressOf(number, (place + 1) % ADDRESSES), 0, 6);
      data.writeUIntBE(addressOf(number, place), 6, 6);
      data.writeUInt16BE(0x88b5, 12);
      const match = { inPort: 1 + (place & 1) };
      return encode({ type: 'packetIn', reason: 'noMatch', tableId: 0, cookie: 0, match, data });
    }),
  );
}

function addressOf(number, place) {
  return 0x020000000000 + number * 0x10000 + place;
}
