import { readFieldReference, type Subfield, writeFieldReference } from '../../oxm/subfield.ts';
import { need } from '../../wire/wire-view.ts';
import { type ActionCodec, actionCodec } from '../codec.ts';

/** NXAST_STACK_PUSH and NXAST_STACK_POP: bits of a field to and from the packet's stack. */
export interface NxStackAction extends Subfield {
  readonly type: 'nxStackPush' | 'nxStackPop';
}

/** The codecs of {@link NxStackAction}. */
export const nxStackActions: readonly ActionCodec[] = [stack('nxStackPush', 27), stack('nxStackPop', 28)];

function stack(type: NxStackAction['type'], code: number): ActionCodec {
  return actionCodec<NxStackAction>({
    type,
    code,
    size: 24,
    fixed: true,
    decode(wire, start, end) {
      const { reference, end: bitsAt } = readFieldReference(wire, start + 12, end);
      need('the number of bits', 2, bitsAt, end);
      return {
        type,
        ...reference,
        start: wire.view.getUint16(start + 10),
        bits: wire.view.getUint16(bitsAt),
      };
    },
    encode(writer, action) {
      const end = writer.offset + 14;
      writer.u16(action.start);
      writeFieldReference(writer, action);
      writer.u16(action.bits);
      writer.zeros(end - writer.offset);
    },
  });
}
