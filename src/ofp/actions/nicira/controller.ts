import { type PacketInReason, packetInReasons } from '../../messages/packet-in.ts';
import type { Enumerated } from '../../wire/enumeration.ts';
import { badLength } from '../../wire/wire-view.ts';
import { type ActionCodec, actionCodec, type WithDefaults } from '../codec.ts';
import { WHOLE_PACKET } from '../standard.ts';

/** NXAST_CONTROLLER: sends the packet to the controllers that have an id (ovs-actions(7)). */
export interface NxController {
  readonly type: 'nxController';
  /** Bytes of the packet to send. */
  readonly maxLen: number;
  /** Which controller connections, by the id that they set. */
  readonly controllerId: number;
  /** The reason that the packet-in will name. */
  readonly reason: Enumerated<PacketInReason>;
}

/**
 * A {@link NxController} to be sent: all of the packet, to id 0, for the reason `action`, unless given
 * (ovs-actions(7)).
 */
export type NxControllerInit = WithDefaults<NxController, 'maxLen' | 'controllerId' | 'reason'>;

/**
 * NXAST_DEC_TTL_CNT_IDS: decrements the TTL; a packet whose TTL runs out goes to the controllers with these ids
 * (ovs-actions(7)).
 */
export interface NxDecTtlCntIds {
  readonly type: 'nxDecTtlCntIds';
  readonly controllerIds: readonly number[];
}

/** The codec of {@link NxController}. */
export const nxController: ActionCodec = actionCodec<NxController>({
  type: 'nxController',
  code: 20,
  size: 16,
  fixed: true,
  decode: ({ view }, start) => ({
    type: 'nxController',
    maxLen: view.getUint16(start + 10),
    controllerId: view.getUint16(start + 12),
    reason: packetInReasons.name(view.getUint8(start + 14)),
  }),
  encode(writer, { maxLen = WHOLE_PACKET, controllerId = 0, reason = 'action' }) {
    writer.u16(maxLen);
    writer.u16(controllerId);
    writer.u8(packetInReasons.code(reason));
    writer.u8(0);
  },
});

const IDS_OFFSET = 16;

/** The codec of {@link NxDecTtlCntIds}. */
export const nxDecTtlCntIds: ActionCodec = actionCodec<NxDecTtlCntIds>({
  type: 'nxDecTtlCntIds',
  code: 21,
  size: IDS_OFFSET,
  fixed: false,
  decode({ view }, start, end) {
    const count = view.getUint16(start + 10);
    if (IDS_OFFSET + count * 2 > end - start) {
      throw badLength('dec_ttl_cnt_ids', end - start, IDS_OFFSET + count * 2, 0xffff);
    }
    const controllerIds = Array.from({ length: count }, (_, i) => view.getUint16(start + IDS_OFFSET + i * 2));
    return { type: 'nxDecTtlCntIds', controllerIds };
  },
  encode(writer, { controllerIds }) {
    writer.u16(controllerIds.length);
    writer.zeros(4);
    for (const id of controllerIds) writer.u16(id);
  },
});
