import type Long from 'long';
import { readU64, type U64 } from '../../../util/u64.ts';
import { decodeOxmHeader, decodeShortOxmHeader, encodeOxm } from '../../oxm/oxm.ts';
import {
  bitOf,
  type FieldBit,
  type FieldReference,
  readRange,
  referenceOf,
  type Subfield,
  writeRange,
  writeReference,
  writeShortReference,
} from '../../oxm/subfield.ts';
import { type ActionCodec, actionCodec } from '../codec.ts';
import { decodeFieldCopy, encodeFieldCopy, type FieldCopy } from '../field-copy.ts';
import { decodeFieldWrite, type FieldWrite, type FieldWriteInit } from '../set-field.ts';

/** NXAST_REG_MOVE: copies bits of a field into another (ovs-actions(7)). */
export interface NxRegMove extends FieldCopy {
  readonly type: 'nxRegMove';
}

/** NXAST_REG_LOAD: writes a value into bits of a field (ovs-actions(7)). */
export interface NxRegLoad<Value = Long> {
  readonly type: 'nxRegLoad';
  readonly dst: Subfield;
  readonly value: Value;
}

/**
 * NXAST_REG_LOAD2: writes a value into a field, in the bits that the mask sets; like set-field, but of any field and
 * version (ovs-actions(7)).
 */
export type NxRegLoad2 = FieldWrite<'nxRegLoad2'>;

/** NXAST_DELETE_FIELD: takes a tunnel option (`tunMetadata0`) off the packet (ovs-actions(7)). */
export interface NxDeleteField extends FieldReference {
  readonly type: 'nxDeleteField';
}

/** NXAST_CHECK_PKT_LARGER: sets a bit when the packet is longer than `pktLen`, else clears it (ovs-actions(7)). */
export interface NxCheckPktLarger {
  readonly type: 'nxCheckPktLarger';
  /** Bytes, the Ethernet header included. */
  readonly pktLen: number;
  readonly dst: FieldBit;
}

/** Actions that write fields (ovs-actions(7)). */
export type NxRegisterAction = NxRegMove | NxRegLoad | NxRegLoad2 | NxDeleteField | NxCheckPktLarger;

/** A {@link NxRegisterAction} to be sent (ovs-actions(7)). */
export type NxRegisterActionInit =
  | Exclude<NxRegisterAction, NxRegLoad | NxRegLoad2>
  | NxRegLoad<U64>
  | FieldWriteInit<'nxRegLoad2'>;

const HEADER_SIZE = 10;
/** What has one field header of either size is as long as with the longer one. */
const ONE_FIELD_SIZE = 24;

/** The codecs of {@link NxRegisterAction}. */
export const nxRegisterActions: readonly ActionCodec[] = [
  actionCodec<NxRegMove>({
    type: 'nxRegMove',
    code: 6,
    size: 24,
    fixed: false,
    decode: (wire, start, end) => ({
      type: 'nxRegMove',
      ...decodeFieldCopy(wire, start + HEADER_SIZE, start + 16, end),
    }),
    encode: (writer, action) => encodeFieldCopy(writer, action, 0),
  }),
  actionCodec<NxRegLoad>({
    type: 'nxRegLoad',
    code: 7,
    size: 24,
    fixed: true,
    decode: (wire, start) => ({
      type: 'nxRegLoad',
      dst: readRange(wire, start + 10, decodeShortOxmHeader(wire, start + 12)),
      value: readU64(wire.view, start + 16),
    }),
    encode(writer, { dst, value }) {
      writeRange(writer, dst);
      writeShortReference(writer, dst);
      writer.u64(value);
    },
  }),
  actionCodec<NxRegLoad2>({
    type: 'nxRegLoad2',
    code: 33,
    size: 16,
    fixed: false,
    decode: (wire, start, end) => decodeFieldWrite('nxRegLoad2', wire, start + HEADER_SIZE, end),
    encode: (writer, { field, value, mask }) => encodeOxm(writer, field, value, mask),
  }),
  actionCodec<NxCheckPktLarger>({
    type: 'nxCheckPktLarger',
    code: 49,
    size: ONE_FIELD_SIZE,
    fixed: true,
    decode: (wire, start, end) => ({
      type: 'nxCheckPktLarger',
      pktLen: wire.view.getUint16(start + 10),
      dst: bitOf(decodeOxmHeader(wire, start + 14, end), wire.view.getUint16(start + 12)),
    }),
    encode(writer, { pktLen, dst }) {
      const end = writer.offset + ONE_FIELD_SIZE - HEADER_SIZE;
      writer.u16(pktLen);
      writer.u16(dst.start);
      writeReference(writer, dst);
      writer.zeros(end - writer.offset);
    },
  }),
  actionCodec<NxDeleteField>({
    type: 'nxDeleteField',
    code: 50,
    size: ONE_FIELD_SIZE,
    fixed: true,
    decode: (wire, start, end) => ({
      type: 'nxDeleteField',
      ...referenceOf(decodeOxmHeader(wire, start + HEADER_SIZE, end)),
    }),
    encode(writer, action) {
      const end = writer.offset + ONE_FIELD_SIZE - HEADER_SIZE;
      writeReference(writer, action);
      writer.zeros(end - writer.offset);
    },
  }),
];
