import { decodeOxmHeader } from '../../oxm/oxm.ts';
import { type Subfield, subfieldOf, writeReference } from '../../oxm/subfield.ts';
import { type ActionCodec, actionCodec } from '../codec.ts';

/** NXAST_STACK_PUSH and NXAST_STACK_POP: bits of a field to and from the packet's stack (ovs-actions(7)). */
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
      const header = decodeOxmHeader(wire, start + 12, end);
      const bits = wire.view.getUint16(start + 12 + header.size);
      return { type, ...subfieldOf(header, wire.view.getUint16(start + 10), bits) };
    },
    encode(writer, action) {
      const end = writer.offset + 14;
      writer.u16(action.start);
      writeReference(writer, action);
      writer.u16(action.bits);
      writer.zeros(end - writer.offset);
    },
  });
}
