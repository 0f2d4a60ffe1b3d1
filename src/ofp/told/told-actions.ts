import { toLong } from '../../util/u64.ts';
import type { ActionInit } from '../actions/action.ts';
import type { NxController2 } from '../actions/nicira/controller2.ts';
import { packetInReasons } from '../messages/packet-in.ts';
import { toBits } from '../oxm/field-bits.ts';
import { FIELDS, type FieldName } from '../oxm/fields.ts';
import { allOnes } from '../text/flow-key.ts';
import { newName, oldName } from './field-names.ts';

/**
 * Actions as Open vSwitch lists them over OpenFlow 1.3, whichever way they were said: older ones that write a field as
 * set-field, each field by the name that it prefers, and nothing of what goes without saying. Tunnel options are left
 * as they were said: how long they are, only the switch knows.
 * @param ipProto the protocol of the packets that they are done to, where it is known
 */
export function toldActions<A extends ActionInit>(actions: readonly A[], ipProto?: number): readonly A[] {
  return actions.map((action) => toldAction(action, ipProto) as A);
}

function toldAction(action: ActionInit, ipProto: number | undefined): ActionInit {
  switch (action.type) {
    case 'setDlSrc':
      return written('ethSrc', action.dlAddr);
    case 'setDlDst':
      return written('ethDst', action.dlAddr);
    case 'setNwSrc':
      return written('ipv4Src', action.nwAddr);
    case 'setNwDst':
      return written('ipv4Dst', action.nwAddr);
    case 'setNwTos':
      return written('ipDscp', action.nwTos >>> 2);
    case 'setNwEcn':
      return written('ipEcn', action.nwEcn);
    case 'setVlanVid':
      return written('vlanVid', action.vlanVid | VLAN_PRESENT);
    case 'setVlanPcp':
      return written('vlanPcp', action.vlanPcp);
    case 'setMplsLabel':
      return written('mplsLabel', action.mplsLabel);
    case 'setMplsTc':
      return written('mplsTc', action.mplsTc);
    case 'nxSetTunnel':
      return written('tunnelId', toLong(BigInt(action.tunnelId)));
    case 'nxSetTunnel64':
      return written('tunnelId', action.tunnelId);
    case 'setTpSrc':
    case 'setTpDst':
      return toldPort(action, ipProto);
    case 'nxClone':
      return { ...action, actions: toldActions(action.actions, ipProto) };
    case 'nxCt':
      return {
        ...renamed(action, oldName),
        ...(action.actions && { actions: toldActions(action.actions, ipProto) }),
      };
    case 'nxController2':
      return withoutDefaults(action);
    case 'nxRegLoad2':
      return renamed(withoutFullMask(action), oldName);
    case 'setField':
    case 'onfCopyField':
      return renamed(action, newName);
    default:
      return renamed(action, oldName);
  }
}

/** OFPVID_PRESENT. */
const VLAN_PRESENT = 0x1000;

function written(field: FieldName, value: unknown): ActionInit {
  return { type: 'setField', field, value } as ActionInit;
}

/** The transport's own field, where it is known which one it is. */
function toldPort(
  action: Extract<ActionInit, { type: 'setTpSrc' | 'setTpDst' }>,
  ipProto: number | undefined,
): ActionInit {
  const transport = TRANSPORTS[ipProto ?? 0];
  if (transport === undefined) return action;
  return written(`${transport}${action.type === 'setTpSrc' ? 'Src' : 'Dst'}`, action.tpPort);
}

const TRANSPORTS: Readonly<Record<number, 'tcp' | 'udp' | 'sctp'>> = { 6: 'tcp', 17: 'udp', 132: 'sctp' };

function withoutDefaults({ maxLen, controllerId, reason, userdata, ...rest }: NxController2): NxController2 {
  const isAction = reason === undefined || reason === 'action' || reason === packetInReasons.code('action');
  return {
    ...rest,
    ...(maxLen !== undefined && maxLen !== WHOLE_PACKET && { maxLen }),
    ...(controllerId && { controllerId }),
    ...(!isAction && { reason }),
    ...(userdata !== undefined && userdata.length > 0 && { userdata }),
  };
}

const WHOLE_PACKET = 0xffff;

function withoutFullMask(action: Extract<ActionInit, { type: 'nxRegLoad2' }>): typeof action {
  const { mask, ...rest } = action;
  const field = action.field as FieldName;
  // Where a field does not fill its bytes, the bits beside it are not in the mask.
  const isFull = mask !== undefined && toBits(field, mask) === allOnes(FIELDS[field].size * 8);
  return isFull ? (rest as typeof action) : action;
}

interface Named {
  readonly field?: string;
  readonly src?: object;
  readonly dst?: object;
  readonly resultDst?: object;
  readonly zone?: object | number;
  readonly specs?: readonly object[];
}

/** Gives each field that is named another name. */
function renamed<T extends object>(named: T, rename: (field: string) => string): T {
  const { field, src, dst, resultDst, zone, specs } = named as Named;
  if ((field ?? src ?? dst ?? zone ?? specs) === undefined) return named;
  return {
    ...named,
    ...(field !== undefined && { field: rename(field) }),
    ...(src !== undefined && { src: renamed(src, rename) }),
    ...(dst !== undefined && { dst: renamed(dst, rename) }),
    ...(resultDst !== undefined && { resultDst: renamed(resultDst, rename) }),
    ...(typeof zone === 'object' && { zone: renamed(zone, rename) }),
    ...(specs !== undefined && { specs: specs.map((spec) => renamed(spec, rename)) }),
  };
}
