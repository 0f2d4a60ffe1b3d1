import { readPort16, writePort16 } from '../../port16.ts';
import { PortNo } from '../../ports.ts';
import { type Enumerated, enumeration } from '../../wire/enumeration.ts';
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

/** Actions that sample packets (ovs-actions(7)). */
export type NxSampleAction = NxSample | NxSample2 | NxSample3;

type Identifiers = 'obsDomainId' | 'obsPointId';

/** A {@link NxSampleAction} to be sent: domain and point 0, and no port, unless given (ovs-actions(7)). */
export type NxSampleActionInit =
  | WithDefaults<NxSample, Identifiers>
  | WithDefaults<NxSample2, Identifiers | 'samplingPort'>
  | WithDefaults<NxSample3, Identifiers | 'samplingPort'>;

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
];

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
