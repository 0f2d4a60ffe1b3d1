import { decodeMeterBands, encodeMeterBands, type MeterBand } from '../meter-band.ts';
import { type Enumerated, enumeration } from '../wire/enumeration.ts';
import type { MessageBase, MessageCodec } from './codec.ts';

/** OFPMC_ (OpenFlow 1.3.5, 7.3.4.4). */
export type MeterModCommand = 'add' | 'modify' | 'delete';

/** The numbers of {@link MeterModCommand}. */
export const meterModCommands = enumeration<MeterModCommand>('OFPMC', { add: 0, modify: 1, delete: 2 });

/** OFPMF_ bits (OpenFlow 1.3.5, 7.3.4.4). */
export const MeterFlag = { KBPS: 1 << 0, PKTPS: 1 << 1, BURST: 1 << 2, STATS: 1 << 3 } as const;

/** OFPT_METER_MOD (OpenFlow 1.3.5, 7.3.4.4): adds, changes or deletes a meter. */
export interface MeterMod extends MessageBase<'meterMod'> {
  readonly command: Enumerated<MeterModCommand>;
  /** Bits of {@link MeterFlag}. */
  readonly flags: number;
  readonly meterId: number;
  readonly bands: readonly MeterBand[];
}

/** A {@link MeterMod} to be sent: no flags and no bands unless given (OpenFlow 1.3.5, 7.3.4.4). */
export interface MeterModInit {
  readonly type: 'meterMod';
  readonly xid?: number;
  readonly command: Enumerated<MeterModCommand>;
  readonly flags?: number;
  readonly meterId: number;
  readonly bands?: readonly MeterBand[];
}

/** The codec of {@link MeterMod}. */
export const meterMod: MessageCodec<MeterMod, MeterModInit> = {
  type: 'meterMod',
  code: 29,
  size: 16,
  decode: (wire, start, end, xid) => ({
    type: 'meterMod',
    xid,
    command: meterModCommands.name(wire.view.getUint16(start + 8)),
    flags: wire.view.getUint16(start + 10),
    meterId: wire.view.getUint32(start + 12),
    bands: decodeMeterBands(wire, start + 16, end),
  }),
  encode(writer, { command, flags = 0, meterId, bands = [] }) {
    writer.u16(meterModCommands.code(command));
    writer.u16(flags);
    writer.u32(meterId);
    encodeMeterBands(writer, bands);
  },
};
