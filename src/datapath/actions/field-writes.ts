import type { FieldWrite } from '../../ofp/actions/set-field.ts';
import { toBits } from '../../ofp/oxm/field-bits.ts';
import type { FieldName } from '../../ofp/oxm/fields.ts';
import type { Subfield } from '../../ofp/oxm/subfield.ts';
import { PortNo } from '../../ofp/ports.ts';
import { Refusal } from '../../ofp/text/check/refusal.ts';
import { allOnes } from '../../ofp/text/flow-key.ts';
import { isSupportedPort } from '../../ofp/text/names.ts';
import {
  chunksOf,
  hasPlace,
  readBits,
  readPart,
  runOf,
  subrunOf,
  WORD_OF,
  type WordRun,
} from '../packet/layout.ts';
import type { Packet } from '../packet/packet.ts';
import { isIp, isLater, prerequisiteOf } from '../packet/prerequisite.ts';
import type { Step, Walk } from './walk.ts';

/** What is done to a packet. */
export type Perform = Step['perform'];

const IP_ECN = runOf('ipEcn');

/** The bits that a part of a field is kept in. @throws Refusal when there is no place for it */
export function runIn({ field, start, bits }: Subfield): WordRun {
  if (hasPlace(field)) return subrunOf(field, start, bits);
  throw unmapped(field);
}

/** Fields that nothing is mapped to have no place. */
export function unmapped(field: string): Refusal {
  return new Refusal('NXFMFC_INVALID_TLV_FIELD', `no tunnel option is mapped to ${field}`);
}

/** Writes a value into a field, or into the bits of it that a mask sets. @throws Refusal when there is no place for it */
export function setsField({ field, value, mask }: FieldWrite<string>): Perform {
  if (!hasPlace(field)) throw unmapped(field);
  if (mask === undefined) return writesField(field, value);
  return onlyWith(field, writesMasked(runOf(field), toBits(field, value), toBits(field, mask)));
}

/** Writes all of a field of packets that have it. */
export function writesField(field: FieldName, value: unknown): Perform {
  return onlyWith(field, writes(runOf(field), toBits(field, value)));
}

/** Writes what is a port in most IP packets, whatever their protocol has there. */
export function writesPort(run: WordRun, port: number): Perform {
  return ({ packet }) => {
    if (isIp(packet.words) && !isLater(packet.words)) packet.writeNumber(run, port);
  };
}

interface Fields {
  readonly field?: string;
  readonly dst?: { readonly field?: string };
}

/** Mends fields that are not quite the bits that they are kept in, after an action has written them. */
export function mending(action: object, perform: Perform): Perform {
  const { field, dst } = action as Fields;
  const mend = MENDS[dst?.field ?? field ?? ''];
  if (mend === undefined) return perform;
  return (walk) => {
    const ecn = readBits(walk.packet.words, IP_ECN, 0, 2);
    const goesOn = perform(walk);
    mend(walk.packet, ecn);
    return goesOn;
  };
}

const MENDS: Readonly<Record<string, (packet: Packet, ecn: number) => void>> = {
  nxmIpTos: (packet, ecn) => isIp(packet.words) && packet.writeNumber(IP_ECN, ecn),
  nxmInPort: ({ words }) => {
    words[WORD_OF.inPort] = port32(words[WORD_OF.inPort]! & 0xffff);
  },
  // No port at all instead of one that has no number in 16 bits.
  inPort: ({ words }) => {
    if (!isSupportedPort(words[WORD_OF.inPort]!)) words[WORD_OF.inPort] = PortNo.ANY;
  },
};

/** Does it to packets that have the field. */
export function onlyWith(field: string, perform: Perform): Perform {
  const hasField = prerequisiteOf(field);
  return (walk) => {
    if (hasField(walk)) perform(walk);
  };
}

/** Writes bits, whatever the packet is. */
export function writes(run: WordRun, value: bigint): Perform {
  const chunks = chunksOf(value, run.bits);
  return ({ packet }) => packet.writeChunks(run, chunks);
}

/** As {@link writes}, of the bits that the mask sets. */
export function writesMasked(run: WordRun, value: bigint, mask: bigint): Perform {
  const chunks = { value: chunksOf(value, run.bits), mask: chunksOf(mask, run.bits) };
  return ({ packet }) => packet.writeMasked(run, chunks);
}

/** Writes a number into the low bits of a field, zeros into its others. */
export function writesNumber(dst: Subfield): (walk: Walk, value: number) => void {
  const run = runIn(dst);
  return ({ packet }, value) => packet.write(run, BigInt(value) & allOnes(run.bits));
}

/** Copies bits from field to field of packets that have both. */
export function moves(src: Subfield, dst: Subfield): Perform {
  const [from, to] = [runIn(src), runIn(dst)];
  const [hasSource, hasTarget] = [prerequisiteOf(src.field), prerequisiteOf(dst.field)];
  return (walk) => {
    if (!hasTarget(walk) || !hasSource(walk)) return;
    walk.reads(from);
    if (src.field === 'nxmIpTos') walk.packet.write(to, readPart(walk.packet.words, src));
    else walk.packet.move(from, to);
  };
}

/** A port of OpenFlow 1.0, which Open vSwitch keeps inside, as it is told: the reserved ones are 0xfff8 and higher. */
export function port32(port: number): number {
  return port >= (PortNo.IN_PORT & 0xffff) ? port + 0xffff_0000 : port;
}
