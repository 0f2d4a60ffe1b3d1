import type { CtTuple, NxCtFlush } from '../../ofp/messages/nicira-ct-flush.ts';
import { readIpv4, readIpv6 } from '../../util/ip.ts';
import { isIcmp, reversed, type Tuple } from './connection-tuple.ts';
import type { Connection } from './conntrack.ts';

/** True for the connections that NXT_CT_FLUSH is about: those that are all of what it says (nicira-ext.h). */
export function isFlushedBy({
  ipProto,
  orig,
  reply,
  zoneId,
}: NxCtFlush): (connection: Connection) => boolean {
  return ({ zone, original }) =>
    (zoneId === undefined || zoneId === zone) &&
    (ipProto === 0 || ipProto === original.protocol) &&
    (orig === undefined || isTuple(orig, original)) &&
    (reply === undefined || isTuple(reply, reversed(original)));
}

function isTuple(wanted: CtTuple, tuple: Tuple): boolean {
  const { src, dst, srcPort, dstPort, icmpId, icmpType, icmpCode } = wanted;
  const fits = (value: unknown, own: unknown) => value === undefined || value === own;
  if (!fits(src, addressOf(tuple.src)) || !fits(dst, addressOf(tuple.dst))) return false;
  // What the protocol does not have fits none of its connections.
  const hasTypes = isIcmp(tuple);
  const [ports, icmp] = [
    [srcPort, dstPort],
    [icmpId, icmpType, icmpCode],
  ];
  if ((hasTypes ? ports : icmp).some((value) => value !== undefined)) return false;
  if (!hasTypes) return fits(srcPort, tuple.srcPort) && fits(dstPort, tuple.dstPort);
  return fits(icmpId, tuple.id) && fits(icmpType, tuple.srcPort) && fits(icmpCode, 0);
}

function addressOf(words: readonly number[]): string {
  const bytes = Buffer.alloc(words.length * 4);
  for (const [i, word] of words.entries()) bytes.writeUInt32BE(word, i * 4);
  return words.length > 1 ? readIpv6(bytes, 0) : readIpv4(bytes, 0);
}
