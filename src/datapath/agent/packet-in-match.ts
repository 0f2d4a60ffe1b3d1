import { bitsToBytes, fromBits } from '../../ofp/oxm/field-bits.ts';
import type { FieldName, MatchInit } from '../../ofp/oxm/fields.ts';
import { EthType } from '../../packet/ethernet.ts';
import { CtState } from '../connections/conntrack.ts';
import { type FlowWords, OPTION_BITS, readRun, runOf, WORD_OF } from '../packet/layout.ts';
import { optionsOf } from '../packet/tunnel-options.ts';

/** The fields that travel with a packet, which a packet-in tells where they are not zero, in Open vSwitch's order. */
const PIPELINE_FIELDS: readonly FieldName[] = [
  'tunnelId',
  'tunFlags',
  'tunIpv4Src',
  'tunIpv4Dst',
  'tunIpv6Src',
  'tunIpv6Dst',
  'tunGbpId',
  'tunGbpFlags',
  'tunErspanIdx',
  'tunErspanVer',
  'tunErspanDir',
  'tunErspanHwid',
  ...Array.from({ length: 16 }, (_, n) => `reg${n}` as FieldName),
  'pktMark',
  'ctState',
  'ctZone',
  'ctMark',
  'ctLabel',
];
const METADATA = runOf('metadata');
const FIRST_REGISTER = 'reg0';

/** Where Open vSwitch 3.1 tells a mask too: of the eight bits that it knows of a field, or of those that are set. */
const MASKED: Readonly<Partial<Record<FieldName, (value: unknown) => unknown>>> = {
  ctState: (value) => ({ value, mask: 0xff }),
  tunFlags: (value) => ({ value, mask: 1 }),
  tunErspanVer: (value) => ({ value, mask: value }),
  tunErspanDir: (value) => ({ value, mask: value }),
  tunErspanHwid: (value) => ({ value, mask: value }),
};

const RUNS = PIPELINE_FIELDS.map((field) => ({ field, run: runOf(field) }));
const IN_PORT = runOf('inPort');
/** The connection's own fields, told only of packets that have one or may begin one. */
const TUPLES = {
  [EthType.IPV4]: tuple('ctNwSrc', 'ctNwDst'),
  [EthType.IPV6]: tuple('ctIpv6Src', 'ctIpv6Dst'),
};

function tuple(...addresses: readonly FieldName[]) {
  const fields: readonly FieldName[] = [...addresses, 'ctNwProto', 'ctTpSrc', 'ctTpDst'];
  return fields.map((field) => ({ field, run: runOf(field) }));
}

/** What a packet-in tells of the packet beside its bytes (OpenFlow 1.3.5, 7.4.1). */
export function packetInMatch(words: FlowWords): MatchInit {
  const match: Record<string, unknown> = { inPort: Number(readRun(words, IN_PORT)) };
  const state = words[WORD_OF.ctState]!;
  const ethType = words[WORD_OF.dlType]!;
  if (state !== 0) match.ethType = ethType;
  for (const { field, run } of RUNS) {
    if (field === FIRST_REGISTER) addOptions(match, words);
    const bits = readRun(words, run);
    if (bits === 0n) continue;
    const value = fromBits(field, bits);
    match[field] = MASKED[field]?.(value) ?? value;
  }
  const isValid = (state & ~(CtState.TRACKED | CtState.INVALID)) !== 0 && words[WORD_OF.ctNwProto] !== 0;
  if (isValid && (ethType === EthType.IPV4 || ethType === EthType.IPV6))
    for (const { field, run } of TUPLES[ethType]) match[field] = fromBits(field, readRun(words, run));
  const metadata = readRun(words, METADATA);
  if (metadata !== 0n) match.metadata = fromBits('metadata', metadata);
  return match as MatchInit;
}

function addOptions(match: Record<string, unknown>, words: FlowWords): void {
  for (const index of optionsOf(words)) {
    const field = `tunMetadata${index}` as FieldName;
    match[field] = bitsToBytes(readRun(words, runOf(field)), OPTION_BITS / 8);
  }
}

/** As {@link packetInMatch}, in the fields of NXM, for NXT_PACKET_IN. */
export function nxPacketInMatch(words: FlowWords): MatchInit {
  const { inPort, tunnelId, ...rest } = packetInMatch(words);
  const nxmInPort = (inPort as number) & 0xffff;
  return { nxmInPort, ...(tunnelId !== undefined && { nxmTunId: tunnelId }), ...rest } as MatchInit;
}
