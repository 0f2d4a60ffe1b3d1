import { Experimenter } from '../oxm/fields.ts';
import { type Enumerated, enumeration } from '../wire/enumeration.ts';
import { pad, struct, u8, u16, u32 } from '../wire/struct.ts';
import {
  bareExperimenter,
  EXPERIMENTER_BODY,
  type ExperimenterCodec,
  experimenterCodec,
  type MessageBase,
} from './codec.ts';

/** NXTTMC_ (nicira-ext.h). */
export type TlvTableModCommand = 'add' | 'delete' | 'clear';

/** The numbers of {@link TlvTableModCommand}. */
const tlvTableModCommands = enumeration<TlvTableModCommand>('NXTTMC', { add: 0, delete: 1, clear: 2 });

/** Which tunnel option a field stands for: nx_tlv_map (nicira-ext.h). */
export interface TlvMap {
  readonly optionClass: number;
  readonly optionType: number;
  /** Bytes of the option's value, a multiple of 4 up to 124. */
  readonly optionLen: number;
  /** The field: 0 for `tunMetadata0`, up to 63. */
  readonly index: number;
}

/** NXT_TLV_TABLE_MOD: maps tunnel options to the fields `tunMetadata0` to `tunMetadata63` (nicira-ext.h). */
export interface NxTlvTableMod extends MessageBase<'nxTlvTableMod'> {
  readonly command: Enumerated<TlvTableModCommand>;
  readonly maps: readonly TlvMap[];
}

/** NXT_TLV_TABLE_REQUEST (nicira-ext.h). */
export type NxTlvTableRequest = MessageBase<'nxTlvTableRequest'>;

/** NXT_TLV_TABLE_REPLY: the table as the switch has it (nicira-ext.h). */
export interface NxTlvTableReply extends MessageBase<'nxTlvTableReply'> {
  /** Bytes that the values of all options may have together. */
  readonly maxOptionSpace: number;
  readonly maxFields: number;
  readonly maps: readonly TlvMap[];
}

const tlvMap = struct<TlvMap>(
  'nx_tlv_map',
  u16('optionClass'),
  u8('optionType'),
  u8('optionLen'),
  u16('index'),
  pad(2),
);

const replyHead = struct<Pick<NxTlvTableReply, 'maxOptionSpace' | 'maxFields'>>(
  'nx_tlv_table_reply',
  u32('maxOptionSpace'),
  u16('maxFields'),
  pad(10),
);

const MOD_SIZE = EXPERIMENTER_BODY + 8;
const REPLY_SIZE = EXPERIMENTER_BODY + replyHead.size;

/** The codec of {@link NxTlvTableMod}. */
export const nxTlvTableMod: ExperimenterCodec = experimenterCodec<NxTlvTableMod>({
  type: 'nxTlvTableMod',
  experimenter: Experimenter.NICIRA,
  expType: 24,
  size: MOD_SIZE,
  decode: (wire, start, end, xid) => ({
    type: 'nxTlvTableMod',
    xid,
    command: tlvTableModCommands.name(wire.view.getUint16(start + EXPERIMENTER_BODY)),
    maps: tlvMap.decodeAll(wire, start + MOD_SIZE, end),
  }),
  encode(writer, { command, maps }) {
    writer.u16(tlvTableModCommands.code(command));
    writer.zeros(6);
    for (const map of maps) tlvMap.encode(writer, map);
  },
});

/** The codec of {@link NxTlvTableRequest}. */
export const nxTlvTableRequest: ExperimenterCodec = bareExperimenter(
  'nxTlvTableRequest',
  Experimenter.NICIRA,
  25,
);

/** The codec of {@link NxTlvTableReply}. */
export const nxTlvTableReply: ExperimenterCodec = experimenterCodec<NxTlvTableReply>({
  type: 'nxTlvTableReply',
  experimenter: Experimenter.NICIRA,
  expType: 26,
  size: REPLY_SIZE,
  decode: (wire, start, end, xid) => ({
    type: 'nxTlvTableReply',
    xid,
    ...replyHead.decode(wire, start + EXPERIMENTER_BODY, end),
    maps: tlvMap.decodeAll(wire, start + REPLY_SIZE, end),
  }),
  encode(writer, message) {
    replyHead.encode(writer, message);
    for (const map of message.maps) tlvMap.encode(writer, map);
  },
});
