import { type FlowWords, runOf, WORD_OF, writeRun } from '../packet/layout.ts';
import { isIcmp } from './connection-tuple.ts';
import type { Tracked } from './conntrack.ts';

const LABEL = runOf('ctLabel');

/** Says nothing of connections any more. */
export function clearTracked(words: FlowWords): void {
  words.fill(0, WORD_OF.ctState, WORD_OF.regs);
}

/** Says in a packet's words what the tracker has said of it. */
export function writeTracked(words: FlowWords, { state, zone, mark, label, original }: Tracked): void {
  clearTracked(words);
  words[WORD_OF.ctState] = state;
  words[WORD_OF.ctZone] = zone;
  words[WORD_OF.ctMark] = Number(mark);
  writeRun(words, LABEL, label);
  if (original === undefined) return;
  const { protocol, src, dst, srcPort, dstPort } = original;
  const isIpv6 = src.length > 1;
  words[WORD_OF.ctNwProto] = protocol;
  words.set(src, isIpv6 ? WORD_OF.ctIpv6Src : WORD_OF.ctNwSrc);
  words.set(dst, isIpv6 ? WORD_OF.ctIpv6Dst : WORD_OF.ctNwDst);
  words[WORD_OF.ctTpSrc] = srcPort;
  // Of ICMP it is the code, which of requests is 0.
  words[WORD_OF.ctTpDst] = isIcmp(original) ? 0 : dstPort;
}
