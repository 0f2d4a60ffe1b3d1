import { decodeOxmHeader, decodeShortOxmHeader } from '../../oxm/oxm.ts';
import {
  readRange,
  type Subfield,
  writeRange,
  writeReference,
  writeShortReference,
} from '../../oxm/subfield.ts';
import { readPort16, writePort16 } from '../../port16.ts';
import { type ActionCodec, actionCodec, type WithDefaults } from '../codec.ts';
import { WHOLE_PACKET } from '../standard.ts';

/**
 * NXAST_OUTPUT_REG: sends the packet out of the port whose number is in a field (ovs-actions(7)). NXAST_OUTPUT_REG2 is
 * its later form, which takes fields of any class.
 */
export interface NxOutputReg {
  readonly type: 'nxOutputReg' | 'nxOutputReg2';
  readonly src: Subfield;
  /** Bytes of the packet that go to the controller, when that is the port. */
  readonly maxLen: number;
}

/** A {@link NxOutputReg} to be sent: the whole packet goes to the controller unless given (ovs-actions(7)). */
export type NxOutputRegInit = WithDefaults<NxOutputReg, 'maxLen'>;

/** NXAST_OUTPUT_TRUNC: sends the packet's first `maxLen` bytes out of a port (ovs-actions(7)). */
export interface NxOutputTrunc {
  readonly type: 'nxOutputTrunc';
  readonly port: number;
  readonly maxLen: number;
}

/** Both forms of output-reg, and what is behind the fields of the second, end here. */
const OUTPUT_REG_SIZE = 24;

/** The codecs of {@link NxOutputReg} and {@link NxOutputTrunc}. */
export const nxOutputActions: readonly ActionCodec[] = [
  actionCodec<NxOutputReg>({
    type: 'nxOutputReg',
    code: 15,
    size: OUTPUT_REG_SIZE,
    fixed: true,
    decode: (wire, start) => ({
      type: 'nxOutputReg',
      src: readRange(wire, start + 10, decodeShortOxmHeader(wire, start + 12)),
      maxLen: wire.view.getUint16(start + 16),
    }),
    encode(writer, { src, maxLen = WHOLE_PACKET }) {
      writeRange(writer, src);
      writeShortReference(writer, src);
      writer.u16(maxLen);
      writer.zeros(6);
    },
  }),
  actionCodec<NxOutputReg>({
    type: 'nxOutputReg2',
    code: 32,
    size: OUTPUT_REG_SIZE,
    fixed: true,
    decode: (wire, start, end) => ({
      type: 'nxOutputReg2',
      src: readRange(wire, start + 10, decodeOxmHeader(wire, start + 14, end)),
      maxLen: wire.view.getUint16(start + 12),
    }),
    encode(writer, { src, maxLen = WHOLE_PACKET }) {
      const end = writer.offset + OUTPUT_REG_SIZE - 10;
      writeRange(writer, src);
      writer.u16(maxLen);
      writeReference(writer, src);
      writer.zeros(end - writer.offset);
    },
  }),
  actionCodec<NxOutputTrunc>({
    type: 'nxOutputTrunc',
    code: 39,
    size: 16,
    fixed: true,
    decode: ({ view }, start) => ({
      type: 'nxOutputTrunc',
      port: readPort16(view, start + 10),
      maxLen: view.getUint32(start + 12),
    }),
    encode(writer, { port, maxLen }) {
      writePort16(writer, port);
      writer.u32(maxLen);
    },
  }),
];
