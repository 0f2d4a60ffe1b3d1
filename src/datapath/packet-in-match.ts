import { fromBits } from '../ofp/oxm/field-bits.ts';
import type { FieldName, MatchInit } from '../ofp/oxm/fields.ts';
import { type FlowWords, readRun, runOf } from './layout.ts';

/** The fields that travel with a packet, which a packet-in tells where they are not zero, in Open vSwitch's order. */
const PIPELINE_FIELDS: readonly FieldName[] = [
  'tunnelId',
  'tunIpv4Src',
  'tunIpv4Dst',
  'tunIpv6Src',
  'tunIpv6Dst',
  'tunGbpId',
  'tunGbpFlags',
  ...Array.from({ length: 16 }, (_, n) => `reg${n}` as FieldName),
  'pktMark',
  'ctState',
  'ctZone',
  'ctMark',
  'ctLabel',
  'metadata',
];

const RUNS = PIPELINE_FIELDS.map((field) => ({ field, run: runOf(field) }));
const IN_PORT = runOf('inPort');

/** What a packet-in tells of the packet beside its bytes (OpenFlow 1.3.5, 7.4.1). */
export function packetInMatch(words: FlowWords): MatchInit {
  const match: Record<string, unknown> = { inPort: Number(readRun(words, IN_PORT)) };
  for (const { field, run } of RUNS) {
    const bits = readRun(words, run);
    if (bits !== 0n) match[field] = fromBits(field, bits);
  }
  return match as MatchInit;
}

/** As {@link packetInMatch}, in the fields of NXM, for NXT_PACKET_IN. */
export function nxPacketInMatch(words: FlowWords): MatchInit {
  const { inPort, tunnelId, ...rest } = packetInMatch(words);
  const nxmInPort = (inPort as number) & 0xffff;
  return { nxmInPort, ...(tunnelId !== undefined && { nxmTunId: tunnelId }), ...rest } as MatchInit;
}
