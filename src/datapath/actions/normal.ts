import { PortNo } from '../../ofp/ports.ts';
import { EthType } from '../../packet/ethernet.ts';
import { VLAN_PRESENT } from '../packet/extract.ts';
import { type FlowWords, WORD_OF } from '../packet/layout.ts';
import type { Pipeline } from '../pipeline.ts';

/**
 * Where the learning switch that output to NORMAL stands for sends a packet (OpenFlow 1.3.5, 4.5).
 * @param learns false to look only
 */
export function normalPorts(pipeline: Pipeline, words: FlowWords, learns = true): readonly number[] {
  const { macs, ports, nowMs } = pipeline;
  const inPort = words[WORD_OF.inPort]!;
  const isPort = ports.get(inPort) !== undefined;
  // What a controller sends is from nowhere, and nothing is learnt of it.
  if (!isPort && inPort !== PortNo.CONTROLLER && inPort !== PortNo.ANY) return [];
  const tci = words[WORD_OF.vlanTci]!;
  const isTagged = (tci & VLAN_PRESENT) !== 0;
  if (!isTagged && isTag(words[WORD_OF.dlType]!)) return [];
  const high = words[WORD_OF.dlDst]!;
  const low = words[WORD_OF.dlDst + 1]!;
  if (isPort && isReserved(high, low)) return [];
  const vlan = isTagged ? tci & 0xfff : 0;
  if (learns && isPort) macs.learn(words[WORD_OF.dlSrc]!, words[WORD_OF.dlSrc + 1]!, vlan, inPort, nowMs);
  const known = macs.lookup(high, low, vlan, nowMs);
  if (known === undefined) return pipeline.floodPorts(inPort);
  return known === inPort ? [] : [known];
}

/** True for the type of a tag: a frame has it, and no tag, when it ends in one. */
function isTag(ethType: number): boolean {
  return ethType === EthType.VLAN || ethType === EthType.QINQ;
}

/** Other vendors' protocols between bridges, as Open vSwitch lists them. */
const RESERVED: ReadonlySet<number> = new Set([
  ...[0x00e02b000000, 0x00e02b000004, 0x00e02b000006],
  ...[0x01000c000000, 0x01000ccccccc, 0x01000ccccccd, 0x01000ccdcdcd],
  ...Array.from({ length: 8 }, (_, i) => 0x01000cccccc0 + i),
]);

/** True for addresses that no bridge forwards, 01:80:c2:00:00:00 to :0f first of all (IEEE 802.1Q, 8.6.3). */
function isReserved(high: number, low: number): boolean {
  return (high === 0x0180 && low >>> 4 === 0xc200000) || RESERVED.has(high * 2 ** 32 + low);
}
