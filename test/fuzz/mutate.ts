import type { Random } from './random.ts';

/** Something with a length: bytes `start` to `end`, with the length at `lengthAt`. */
interface Extent {
  readonly start: number;
  readonly end: number;
  readonly lengthAt: number;
}

/** Changes bytes, or returns others. */
type Mutation = (bytes: Buffer, random: Random) => Buffer;

/** The longest message that a header can say. */
const MAX_SIZE = 0xffff;
/** Numbers at which readers of lengths, counts and types stumble. */
const EDGES_8 = [0, 1, 3, 4, 7, 8, 0x7f, 0x80, 0xfe, 0xff];
const EDGES_16 = [0, 1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 24, 0x7fff, 0x8000, 0xfff8, 0xffff];
const EDGES_32 = [0, 1, 0x2320, 0x4f4e4600, 0x5ad650, 0x7fffffff, 0x80000000, 0xffff0000, 0xffffffff];
/** An action that holds actions: NXAST_CLONE, with its length and its actions to come. */
const CLONE = Buffer.from('ffff000000002320002a000000000000', 'hex');

/** Makes a message that a mischievous peer might send from one or two that are right. */
export function mutate(message: Buffer, other: Buffer, random: Random): Buffer {
  let bytes: Buffer = Buffer.from(message);
  const mutations = [...STRUCTURAL, ...BYTEWISE, splice(other)];
  do bytes = random.pick(mutations)(bytes, random).subarray(0, MAX_SIZE);
  while (!random.oneIn(3));
  if (bytes.length >= 4 && !random.oneIn(10)) bytes.writeUInt16BE(bytes.length, 2);
  return bytes;
}

const BYTEWISE: readonly Mutation[] = [
  edit(1, (bytes, at, random) => {
    bytes[at]! ^= 1 << random.below(8);
  }),
  edit(1, (bytes, at, random) => bytes.writeUInt8(random.pick(EDGES_8), at)),
  edit(1, (bytes, at, random) => bytes.writeUInt8(random.below(256), at)),
  edit(2, (bytes, at, random) => bytes.writeUInt16BE(random.pick(EDGES_16), at)),
  edit(2, (bytes, at, random) =>
    bytes.writeUInt16BE((bytes.readUInt16BE(at) + random.below(17) - 8) & 0xffff, at),
  ),
  edit(4, (bytes, at, random) => bytes.writeUInt32BE(random.pick(EDGES_32), at)),
  // Another message or multipart type around the same body.
  (bytes, random) => {
    if (bytes.length > 1) bytes[1] = random.below(32);
    return bytes;
  },
  (bytes, random) => {
    if (bytes.length > 10) bytes.writeUInt16BE(random.oneIn(8) ? 0xffff : random.below(15), 8);
    return bytes;
  },
  (bytes, random) => bytes.subarray(0, random.below(bytes.length + 1)),
  (bytes, random) => Buffer.concat([bytes, random.bytes(random.below(64))]),
];

const STRUCTURAL: readonly Mutation[] = [
  // Deletes a structure.
  onExtent((bytes, { start, end }, random) => replaced(bytes, start, end, Buffer.alloc(0), random)),
  // Repeats one, seldom until the message is full.
  onExtent((bytes, { start, end }, random) => {
    const most = Math.max(2, Math.floor((MAX_SIZE - bytes.length) / (end - start)));
    const times = random.oneIn(50) ? most : 2 + random.below(3);
    const copies = new Array<Buffer>(Math.min(times, most)).fill(bytes.subarray(start, end));
    return replaced(bytes, start, end, Buffer.concat(copies), random);
  }),
  // Puts one into actions that hold actions.
  onExtent((bytes, { start, end }, random) => {
    let inner: Buffer = Buffer.from(bytes.subarray(start, end));
    for (let depth = random.oneIn(4) ? 40 : 1 + random.below(4); depth > 0; depth--) inner = wrapped(inner);
    return replaced(bytes, start, end, inner, random);
  }),
  // Gives one a wrong length, with and without the bytes for it.
  onExtent((bytes, { lengthAt }, random) => {
    bytes.writeUInt16BE(random.pick(EDGES_16), lengthAt);
    return bytes;
  }),
  onExtent((bytes, { end }, random) =>
    replaced(bytes, end, end, random.bytes(random.pick([1, 2, 4, 8])), random),
  ),
  onExtent((bytes, { start, end }, random) => {
    const cut = start + random.below(end - start);
    return replaced(bytes, cut, end, Buffer.alloc(0), random);
  }),
  // Exchanges two.
  (bytes, random) => {
    const [one, two] = [extentOf(bytes, random), extentOf(bytes, random)];
    if (one === undefined || two === undefined || one.end > two.start) return bytes;
    const parts = [
      bytes.subarray(0, one.start),
      bytes.subarray(two.start, two.end),
      bytes.subarray(one.end, two.start),
      bytes.subarray(one.start, one.end),
      bytes.subarray(two.end),
    ];
    return Buffer.concat(parts);
  },
];

/** Puts a structure of another message in the place of one of this, or before it. */
function splice(other: Buffer): Mutation {
  return (bytes, random) => {
    const from = extentOf(other, random);
    const to = extentOf(bytes, random);
    if (from === undefined || to === undefined) return bytes;
    const end = random.oneIn(2) ? to.start : to.end;
    return replaced(bytes, to.start, end, other.subarray(from.start, from.end), random);
  };
}

function edit(size: number, change: (bytes: Buffer, at: number, random: Random) => void): Mutation {
  return (bytes, random) => {
    if (bytes.length >= size) change(bytes, random.below(bytes.length - size + 1), random);
    return bytes;
  };
}

function onExtent(change: (bytes: Buffer, extent: Extent, random: Random) => Buffer): Mutation {
  return (bytes, random) => {
    const extent = extentOf(bytes, random);
    return extent === undefined ? bytes : change(bytes, extent, random);
  };
}

/** Something in the message that looks as if it had a length, behind the message's own header. */
function extentOf(bytes: Buffer, random: Random): Extent | undefined {
  for (let tries = 0; tries < 16 && bytes.length > 12; tries++) {
    const start = 8 + random.below(bytes.length - 11);
    const extents = extentsAt(bytes, random.oneIn(4) ? start : start & ~3);
    if (extents.length > 0) return random.pick(extents);
  }
  return undefined;
}

/** What might begin at `start`: a type or number and a length, a length in front, or an OXM field. */
function extentsAt(bytes: Buffer, start: number): Extent[] {
  const extents: Extent[] = [];
  const add = (lengthAt: number, length: number) => {
    if (length >= 4 && start + length <= bytes.length) extents.push({ start, end: start + length, lengthAt });
  };
  if (start + 4 > bytes.length) return extents;
  add(start + 2, bytes.readUInt16BE(start + 2));
  add(start, bytes.readUInt16BE(start));
  add(start + 2, 4 + bytes[start + 3]!);
  return extents;
}

/**
 * Replaces bytes `start` to `end`, and mostly mends the lengths of what encloses them. What encloses them is not known,
 * so a number that happens to look like such a length is changed too.
 */
function replaced(bytes: Buffer, start: number, end: number, inner: Uint8Array, random: Random): Buffer {
  const change = inner.length - (end - start);
  const result = Buffer.concat([bytes.subarray(0, start), inner, bytes.subarray(end)]);
  if (change === 0 || random.oneIn(8)) return result;
  for (let at = 8; at <= start - 2 && at < start; at += 2) {
    const length = bytes.readUInt16BE(at);
    const begins = [at - 2, at, at - 4].some(
      (begin) => begin >= 8 && begin < start && begin + length >= end && begin + length <= bytes.length,
    );
    const mended = length + change;
    if (begins && length >= 4 && mended >= 0 && mended <= MAX_SIZE) result.writeUInt16BE(mended, at);
  }
  return result;
}

function wrapped(inner: Buffer): Buffer {
  const padded = Buffer.concat([CLONE, inner, Buffer.alloc(-inner.length & 7)]);
  padded.writeUInt16BE(padded.length & 0xffff, 2);
  return padded;
}
