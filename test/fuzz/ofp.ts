import { decode, encode, type Message } from '../../src/ofp/message.ts';
import { WireError } from '../../src/util/errors.ts';
import { actionFixtures } from '../ofp/action-fixtures.ts';
import { decodeFully } from '../ofp/checks.ts';
import { fixtures } from '../ofp/fixtures.ts';
import type { Case, Target, Verdict } from './fuzz.ts';
import { mutate } from './mutate.ts';
import type { Random } from './random.ts';

const messages: readonly Buffer[] = [...fixtures, ...actionFixtures.openflow13].map(({ hex }) =>
  Buffer.from(hex, 'hex'),
);

/** Messages of OpenFlow 1.3, from those that Open vSwitch sends and understands. */
export const ofp: Target = {
  name: 'ofp',
  make: (random: Random): Case => mutate(random.pick(messages), random.pick(messages), random),
  check,
  work: (bytes) => encode(decodeFully(bytes)),
  shrunk(bytes) {
    if (bytes.length >= 4) bytes.writeUInt16BE(bytes.length, 2);
    return bytes;
  },
};

/** A message over this, in bytes, may have no room for what a peer left out and we do not: defaults, and padding at the end. */
const NEARLY_FULL = 0xffff - 256;

/**
 * Decodes a message with all that is decoded at first use, and encodes what came of it. Bytes may be refused by a
 * WireError and by nothing else; what was decoded must encode, to bytes that decode and encode to the same again.
 */
function check(bytes: Buffer): Verdict {
  let message: Message;
  try {
    message = decodeFully(bytes);
  } catch (error) {
    if (error instanceof WireError) return { refused: error.code };
    return { failure: 'decoding threw something else than a WireError', error };
  }
  try {
    const once = encode(message);
    const twice = encode(decode(once));
    if (!twice.equals(once)) return unstable(once, twice);
    return surroundings(bytes, once);
  } catch (error) {
    if (bytes.length > NEARLY_FULL && isRefusal(error, 'OFP_TOO_LONG')) return { refused: error.code };
    return { failure: 'what was decoded cannot be encoded', error };
  }
}

function isRefusal(error: unknown, code: string): error is WireError {
  return error instanceof WireError && error.code === code;
}

function unstable(once: Buffer, twice: Buffer): Verdict {
  const error = new Error(`${once.toString('hex')}\nbecame ${twice.toString('hex')}`);
  return { failure: 'what was encoded is decoded to something else', error };
}

/** A message is the same whatever stands around it, unless more is read than there is of it. */
function surroundings(bytes: Buffer, expected: Buffer): Verdict {
  const among = Buffer.concat([Buffer.alloc(5, 0xff), bytes, Buffer.alloc(16, 0xff)]);
  if (encode(decode(among, 5)).equals(expected)) return {};
  return { failure: 'what stands around the message is read too', error: undefined };
}
