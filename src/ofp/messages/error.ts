import { EXPERIMENTER_ERROR, errorName } from '../error-names.ts';
import { need } from '../wire/wire-view.ts';
import { type MessageBase, type MessageCodec, writeVersion } from './codec.ts';

/** OFPT_ERROR (OpenFlow 1.3.5, 7.4.4): why the peer refused the message with the same xid. */
export interface ErrorMessage extends MessageBase<'error'> {
  readonly version: number;
  /** OFPET_ number. */
  readonly errorType: number;
  /** The code under that type; an experimenter's own when `errorType` is 0xffff. */
  readonly code: number;
  /** The experimenter id; 0 unless `errorType` is 0xffff. */
  readonly experimenter: number;
  /** The name, as in `OFPFMFC_TABLE_FULL`. */
  readonly name: string;
  /** At least the first 64 bytes of the message that was refused, or text for OFPET_HELLO_FAILED. */
  readonly data: Uint8Array;
}

/** An {@link ErrorMessage} to be sent; its name follows from its numbers (OpenFlow 1.3.5, 7.4.4). */
export interface ErrorInit {
  readonly type: 'error';
  readonly xid?: number;
  readonly version?: number;
  readonly errorType: number;
  readonly code: number;
  readonly experimenter?: number;
  readonly data?: Uint8Array;
}

/** The codec of {@link ErrorMessage}. */
export const error: MessageCodec<ErrorMessage, ErrorInit> = {
  type: 'error',
  code: 1,
  size: 12,
  decode({ view, bytes }, start, end, xid) {
    const errorType = view.getUint16(start + 8);
    const code = view.getUint16(start + 10);
    const isExperimenter = errorType === EXPERIMENTER_ERROR;
    if (isExperimenter) need('an experimenter error', 16, start, end);
    const experimenter = isExperimenter ? view.getUint32(start + 12) : 0;
    const data = bytes.subarray(start + (isExperimenter ? 16 : 12), end);
    const name = errorName(errorType, code, experimenter);
    return { type: 'error', xid, version: bytes[start]!, errorType, code, experimenter, name, data };
  },
  encode(writer, { version, errorType, code, experimenter = 0, data }) {
    if (version !== undefined) writeVersion(writer, version);
    writer.u16(errorType);
    writer.u16(code);
    if (errorType === EXPERIMENTER_ERROR) writer.u32(experimenter);
    if (data !== undefined) writer.raw(data);
  },
};
