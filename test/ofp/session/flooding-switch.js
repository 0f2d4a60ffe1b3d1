// A switch that sends packet-ins as fast as its socket takes them, and an echo request after each batch, in a thread of
// its own, so that it does not wait for whoever it floods. Everything that it sends is a template of the test's; the
// packet-ins are numbered in their cookies. Packet-outs tell it, in their data, which packet-in has been handled.
import { connect } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';

const { port, hello, packetIn, echoRequest, replies, batchLength } = workerData;
/** Where in the messages the numbers are, and what the messages to be looked at are called (OpenFlow 1.3.5, 7.1). */
const COOKIE_OFFSET = 16;
const ECHO_DATA_OFFSET = 8;
const ROLE_GENERATION_OFFSET = 16;
const PACKET_OUT_DATA_OFFSET = 24;
const Type = { ECHO_REPLY: 3, PACKET_OUT: 13, MULTIPART_REQUEST: 18, ROLE_REQUEST: 24 };

const socket = connect(port, '127.0.0.1');
let sent = 0n;
let handled = 0n;
let isFlooding = false;

socket.write(hello);
// It has to come round to what it is told.
socket.on('drain', () => setImmediate(flood));
parentPort.on('message', () => {
  isFlooding = false;
  parentPort.postMessage({ sent });
});

let received = Buffer.alloc(0);
socket.on('data', (chunk) => {
  received = Buffer.concat([received, chunk]);
  let start = 0;
  while (received.length - start >= 8) {
    const end = start + received.readUInt16BE(start + 2);
    if (end > received.length) break;
    answer(received.subarray(start, end));
    start = end;
  }
  received = received.subarray(start);
});

function answer(message) {
  const type = message[1];
  if (type === Type.PACKET_OUT) handled = message.readBigUInt64BE(PACKET_OUT_DATA_OFFSET);
  if (type === Type.ECHO_REPLY) {
    // So many packet-ins that left before the echo request had not been handled when it was answered.
    parentPort.postMessage({ overtaken: Number(message.readBigUInt64BE(ECHO_DATA_OFFSET) - handled) });
  }
  const template = replies[type];
  if (template === undefined) return;
  const reply = Buffer.from(template);
  reply.writeUInt32BE(message.readUInt32BE(4), 4);
  if (type === Type.ROLE_REQUEST) reply.writeBigUInt64BE(sent, ROLE_GENERATION_OFFSET);
  socket.write(reply);
  if (type !== Type.MULTIPART_REQUEST) return;
  // The handshake is over.
  isFlooding = true;
  flood();
}

function flood() {
  while (isFlooding && socket.write(batch()));
}

function batch() {
  const bytes = Buffer.alloc(packetIn.length * batchLength + echoRequest.length);
  let at = 0;
  for (; at < packetIn.length * batchLength; at += packetIn.length) {
    bytes.set(packetIn, at);
    bytes.writeBigUInt64BE(++sent, at + COOKIE_OFFSET);
  }
  bytes.set(echoRequest, at);
  bytes.writeBigUInt64BE(sent, at + ECHO_DATA_OFFSET);
  return bytes;
}
