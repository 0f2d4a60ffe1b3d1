import { type FlowWords, WORD_OF } from './layout.ts';
import type { Pipeline } from './pipeline.ts';

/**
 * Where the learning switch that output to NORMAL stands for sends a packet (OpenFlow 1.3.5, 4.5).
 * @param learns false to look only
 */
export function normalPorts(pipeline: Pipeline, words: FlowWords, learns = true): readonly number[] {
  const { macs, nowMs } = pipeline;
  const inPort = words[WORD_OF.inPort]!;
  const vlan = words[WORD_OF.vlanTci]! & 0xfff;
  if (learns) macs.learn(words[WORD_OF.dlSrc]!, words[WORD_OF.dlSrc + 1]!, vlan, inPort, nowMs);
  const high = words[WORD_OF.dlDst]!;
  const low = words[WORD_OF.dlDst + 1]!;
  if (isLinkLocal(high, low)) return [];
  const isGroup = (high & 0x0100) !== 0;
  const known = isGroup ? undefined : macs.lookup(high, low, vlan, nowMs);
  if (known === undefined || !pipeline.ports.isLive(known)) return pipeline.floodPorts(inPort);
  return known === inPort ? [] : [known];
}

/** 01:80:c2:00:00:00 to :0f, which no bridge forwards (IEEE 802.1Q, 8.6.3). */
function isLinkLocal(high: number, low: number): boolean {
  return high === 0x0180 && low >>> 4 === 0xc200000;
}
