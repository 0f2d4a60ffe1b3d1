import { decodeShortOxmHeader } from '../../oxm/oxm.ts';
import { readRange, type Subfield, writeRange, writeShortReference } from '../../oxm/subfield.ts';
import { readPort16, writePort16 } from '../../port16.ts';
import { PortNo } from '../../ports.ts';
import { type Enumerated, enumeration } from '../../wire/enumeration.ts';
import type { WireView } from '../../wire/wire-view.ts';
import type { Writer } from '../../wire/writer.ts';
import { type ActionCodec, actionCodec, type WithDefaults } from '../codec.ts';

interface SampleTarget {
  /** How many of 65,535 packets are sampled. */
  readonly probability: number;
  /** The id of a Flow_Sample_Collector_Set in the switch's database. */
  readonly collectorSetId: number;
  /** The observation domain and point that the records name. */
  readonly obsDomainId: number;
  readonly obsPointId: number;
}

/** NX_ACTION_SAMPLE_: which way a sampled packet is said to have gone (ovs-actions(7)). */
export type SampleDirection = 'default' | 'ingress' | 'egress';

/** NXAST_SAMPLE: samples packets for IPFIX (ovs-actions(7)). */
export interface NxSample extends SampleTarget {
  readonly type: 'nxSample';
}

/** NXAST_SAMPLE2: also says at which port (ovs-actions(7)). */
export interface NxSample2 extends SampleTarget {
  readonly type: 'nxSample2';
  /** OFPP_ANY for none. */
  readonly samplingPort: number;
}

/** NXAST_SAMPLE3: also says which way (ovs-actions(7)). */
export interface NxSample3 extends SampleTarget {
  readonly type: 'nxSample3';
  readonly samplingPort: number;
  readonly direction: Enumerated<SampleDirection>;
}

/** NXAST_SAMPLE4: domain and point may be 32 bits of a field; Open vSwitch has it since 3.4 (ovs-actions(7)). */
export interface NxSample4 extends Omit<SampleTarget, Identifiers> {
  readonly type: 'nxSample4';
  readonly obsDomainId: number | Subfield;
  readonly obsPointId: number | Subfield;
  readonly samplingPort: number;
  readonly direction: Enumerated<SampleDirection>;
}

/** Actions that sample packets (ovs-actions(7)). */
export type NxSampleAction = NxSample | NxSample2 | NxSample3 | NxSample4;

type Identifiers = 'obsDomainId' | 'obsPointId';

/** A {@link NxSampleAction} to be sent: domain and point 0, and no port, unless given (ovs-actions(7)). */
export type NxSampleActionInit =
  | WithDefaults<NxSample, Identifiers>
  | WithDefaults<NxSample2, Identifiers | 'samplingPort'>
  | WithDefaults<NxSample3, Identifiers | 'samplingPort'>
  | WithDefaults<NxSample4, Identifiers | 'samplingPort'>;

const directions = enumeration<SampleDirection>('NX_ACTION_SAMPLE', { default: 0, ingress: 1, egress: 2 });

/** The codecs of {@link NxSampleAction}. */
export const nxSampleActions: readonly ActionCodec[] = [
  actionCodec<NxSample>({
    type: 'nxSample',
    code: 29,
    size: 24,
    fixed: true,
    decode: ({ view }, start) => ({ type: 'nxSample', ...decodeTarget(view, start) }),
    encode: encodeTarget,
  }),
  actionCodec<NxSample2>({
    type: 'nxSample2',
    code: 38,
    size: 32,
    fixed: true,
    decode: ({ view }, start) => ({
      type: 'nxSample2',
      ...decodeTarget(view, start),
      samplingPort: readPort16(view, start + 24),
    }),
    encode(writer, action) {
      encodeTarget(writer, action);
      writePort16(writer, action.samplingPort ?? PortNo.ANY);
      writer.zeros(6);
    },
  }),
  actionCodec<NxSample3>({
    type: 'nxSample3',
    code: 41,
    size: 32,
    fixed: true,
    decode: ({ view }, start) => ({
      type: 'nxSample3',
      ...decodeTarget(view, start),
      samplingPort: readPort16(view, start + 24),
      direction: directions.name(view.getUint8(start + 26)),
    }),
    encode(writer, action) {
      encodeTarget(writer, action);
      writePort16(writer, action.samplingPort ?? PortNo.ANY);
      writer.u8(directions.code(action.direction));
      writer.zeros(5);
    },
  }),
  actionCodec<NxSample4>({
    type: 'nxSample4',
    code: 51,
    size: 40,
    fixed: true,
    decode: (wire, start) => ({
      type: 'nxSample4',
      probability: wire.view.getUint16(start + 10),
      collectorSetId: wire.view.getUint32(start + 12),
      obsDomainId: decodeIdentifier(wire, start + 16),
      obsPointId: decodeIdentifier(wire, start + 24),
      samplingPort: readPort16(wire.view, start + 32),
      direction: directions.name(wire.view.getUint8(start + 34)),
    }),
    encode(writer, action) {
      writer.u16(action.probability);
      writer.u32(action.collectorSetId);
      encodeIdentifier(writer, action.obsDomainId ?? 0);
      encodeIdentifier(writer, action.obsPointId ?? 0);
      writePort16(writer, action.samplingPort ?? PortNo.ANY);
      writer.u8(directions.code(action.direction));
    },
  }),
];

/** A number, or bits of a field: the header of that is zero where it is a number. */
function decodeIdentifier(wire: WireView, start: number): number | Subfield {
  if (wire.view.getUint32(start) === 0) return wire.view.getUint32(start + 4);
  return readRange(wire, start + 4, decodeShortOxmHeader(wire, start));
}

function encodeIdentifier(writer: Writer, id: number | Subfield): void {
  if (typeof id === 'number') {
    writer.zeros(4);
    return writer.u32(id);
  }
  writeShortReference(writer, id);
  writeRange(writer, id);
  writer.zeros(2);
}

function decodeTarget(view: DataView, start: number): SampleTarget {
  return {
    probability: view.getUint16(start + 10),
    collectorSetId: view.getUint32(start + 12),
    obsDomainId: view.getUint32(start + 16),
    obsPointId: view.getUint32(start + 20),
  };
}

function encodeTarget(
  writer: Writer,
  { probability, collectorSetId, obsDomainId = 0, obsPointId = 0 }: WithDefaults<SampleTarget, Identifiers>,
): void {
  writer.u16(probability);
  writer.u32(collectorSetId);
  writer.u32(obsDomainId);
  writer.u32(obsPointId);
}
