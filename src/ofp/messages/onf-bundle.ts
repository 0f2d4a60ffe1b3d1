import type { Message, MessageInit } from '../message.ts';
import { Experimenter } from '../oxm/fields.ts';
import { type Enumerated, enumeration } from '../wire/enumeration.ts';
import { decodeUnknownProperties, encodeUnknownProperty, type UnknownProperty } from '../wire/property.ts';
import { badLength, need, readLength } from '../wire/wire-view.ts';
import { EXPERIMENTER_BODY, type ExperimenterCodec, experimenterCodec, type MessageBase } from './codec.ts';

/** OFPBCT_: what is asked of a bundle, or answered (OpenFlow 1.4.1, 7.3.9.2). */
export type BundleControlType =
  | 'openRequest'
  | 'openReply'
  | 'closeRequest'
  | 'closeReply'
  | 'commitRequest'
  | 'commitReply'
  | 'discardRequest'
  | 'discardReply';

/** The numbers of {@link BundleControlType}. */
const bundleControlTypes = enumeration<BundleControlType>('OFPBCT', {
  openRequest: 0,
  openReply: 1,
  closeRequest: 2,
  closeReply: 3,
  commitRequest: 4,
  commitReply: 5,
  discardRequest: 6,
  discardReply: 7,
});

/** OFPBF_ bits (OpenFlow 1.4.1, 7.3.9.2). */
export const BundleFlag = {
  /** All of its messages take effect, or none, and no packet sees some of them. */
  ATOMIC: 1 << 0,
  /** They take effect in their order. */
  ORDERED: 1 << 1,
} as const;

/** ONFT_BUNDLE_CONTROL (ONF extension 230; OpenFlow 1.4.1, 7.3.9.2). */
export interface OnfBundleControl extends MessageBase<'onfBundleControl'> {
  readonly bundleId: number;
  readonly controlType: Enumerated<BundleControlType>;
  /** Bits of {@link BundleFlag}, the same in all messages of a bundle. */
  readonly flags: number;
  readonly properties: readonly UnknownProperty[];
}

/** An {@link OnfBundleControl} to be sent: no flags and no properties unless given (OpenFlow 1.4.1, 7.3.9.2). */
export interface OnfBundleControlInit {
  readonly type: 'onfBundleControl';
  readonly xid?: number;
  readonly bundleId: number;
  readonly controlType: Enumerated<BundleControlType>;
  readonly flags?: number;
  readonly properties?: readonly UnknownProperty[];
}

/**
 * ONFT_BUNDLE_ADD_MESSAGE: one message of a bundle, which takes effect when the bundle is committed (OpenFlow 1.4.1,
 * 7.3.9.2).
 */
export interface OnfBundleAddMessage extends MessageBase<'onfBundleAddMessage'> {
  readonly bundleId: number;
  readonly flags: number;
  readonly message: Message;
  readonly properties: readonly UnknownProperty[];
}

/**
 * An {@link OnfBundleAddMessage} to be sent (OpenFlow 1.4.1, 7.3.9.2). The message in it has the same xid unless it
 * brings its own, which switches refuse.
 */
export interface OnfBundleAddMessageInit {
  readonly type: 'onfBundleAddMessage';
  readonly xid?: number;
  readonly bundleId: number;
  readonly flags?: number;
  readonly message: MessageInit;
  readonly properties?: readonly UnknownProperty[];
}

const BODY_SIZE = EXPERIMENTER_BODY + 8;

/** The codec of {@link OnfBundleControl}. */
export const onfBundleControl: ExperimenterCodec = experimenterCodec<OnfBundleControl, OnfBundleControlInit>({
  type: 'onfBundleControl',
  experimenter: Experimenter.ONF,
  expType: 2300,
  size: BODY_SIZE,
  decode: (wire, start, end, xid) => ({
    type: 'onfBundleControl',
    xid,
    bundleId: wire.view.getUint32(start + 16),
    controlType: bundleControlTypes.name(wire.view.getUint16(start + 20)),
    flags: wire.view.getUint16(start + 22),
    properties: decodeUnknownProperties(wire, start + BODY_SIZE, end),
  }),
  encode(writer, { bundleId, controlType, flags = 0, properties = [] }) {
    writer.u32(bundleId);
    writer.u16(bundleControlTypes.code(controlType));
    writer.u16(flags);
    for (const property of properties) encodeUnknownProperty(writer, property);
  },
});

/** The codec of {@link OnfBundleAddMessage}. */
export const onfBundleAddMessage: ExperimenterCodec = experimenterCodec<
  OnfBundleAddMessage,
  OnfBundleAddMessageInit
>({
  type: 'onfBundleAddMessage',
  experimenter: Experimenter.ONF,
  expType: 2301,
  size: BODY_SIZE + 8,
  decode(wire, start, end, xid, nested) {
    const at = start + BODY_SIZE;
    need('the message in a bundle', 8, at, end);
    const length = readLength(wire, 'message in a bundle', at + 2, 8, at, end);
    return {
      type: 'onfBundleAddMessage',
      xid,
      bundleId: wire.view.getUint32(start + 16),
      flags: wire.view.getUint16(start + 22),
      message: nested.decode(wire, at, at + length),
      properties: decodeUnknownProperties(wire, paddedEnd(at, length, end), end),
    };
  },
  encode(writer, { bundleId, flags = 0, message, properties = [] }, nested, xid) {
    writer.u32(bundleId);
    writer.zeros(2);
    writer.u16(flags);
    const start = writer.offset;
    nested.encode(writer, message, message.xid ?? xid);
    if (properties.length > 0) writer.padTo8(start);
    for (const property of properties) encodeUnknownProperty(writer, property);
  },
});

/** Where the properties begin: at a multiple of 8 bytes, where there are any. */
function paddedEnd(start: number, length: number, end: number): number {
  if (start + length === end) return end;
  const padded = (length + 7) & ~7;
  if (padded > end - start) throw badLength('padded message in a bundle', padded, 8, end - start);
  return start + padded;
}
