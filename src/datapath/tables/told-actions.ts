import type { Action } from '../../ofp/actions/action.ts';
import type { Instruction } from '../../ofp/instruction.ts';
import { FIELDS, type FieldName } from '../../ofp/oxm/fields.ts';
import { fieldByOxm } from '../../ofp/text/fields.ts';
import type { FlowKey } from '../../ofp/text/flow-key.ts';
import { IpProtocol } from '../../packet/headers.ts';
import { toLong } from '../../util/u64.ts';
import { VLAN_PRESENT } from '../packet/extract.ts';

/**
 * Actions as Open vSwitch tells them over OpenFlow 1.3, whichever way they were said: older ones that write a field as
 * set-field, and each field by the name that it prefers.
 * @param key what the packets are that they are done to
 */
export function toldActions(actions: readonly Action[], key?: FlowKey): readonly Action[] {
  return actions.map((action) => toldAction(action, key));
}

/** As {@link toldActions}, of instructions. */
export function toldInstruction(instruction: Instruction, key: FlowKey): Instruction {
  return 'actions' in instruction
    ? { ...instruction, actions: toldActions(instruction.actions, key) }
    : instruction;
}

function toldAction(action: Action, key: FlowKey | undefined): Action {
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
      return toldPort(action, key);
    case 'nxClone':
    case 'nxCt':
      return { ...action, actions: toldActions(action.actions, key) };
    case 'setField':
    case 'onfCopyField':
      return renamed(action, newName);
    case 'nxOutputReg':
    case 'nxOutputReg2':
      return toldOutput(action);
    default:
      return renamed(action, oldName);
  }
}

function written(field: FieldName, value: unknown): Action {
  return { type: 'setField', field, value } as Action;
}

/** The transport's own field, where the flow says which it is. */
function toldPort(action: Extract<Action, { type: 'setTpSrc' | 'setTpDst' }>, key?: FlowKey): Action {
  const transport = key?.isExact('nwProto') ? TRANSPORTS[key.number('nwProto')] : undefined;
  if (transport === undefined) return action;
  return written(`${transport}${action.type === 'setTpSrc' ? 'Src' : 'Dst'}`, action.tpPort);
}

const TRANSPORTS: Readonly<Record<number, 'tcp' | 'udp' | 'sctp'>> = {
  [IpProtocol.TCP]: 'tcp',
  [IpProtocol.UDP]: 'udp',
  [IpProtocol.SCTP]: 'sctp',
};

function toldOutput(action: Extract<Action, { type: 'nxOutputReg' | 'nxOutputReg2' }>): Action {
  const src = renamed(action.src, oldName);
  // The older form has room for a short header only.
  const isLong = FIELDS[src.field as FieldName]?.experimenter !== 0;
  return { ...action, type: isLong ? 'nxOutputReg2' : 'nxOutputReg', src };
}

interface Named {
  readonly field?: string;
  readonly src?: object;
  readonly dst?: object;
  readonly resultDst?: object;
  readonly specs?: readonly object[];
}

/** Gives each field that is named another name. */
function renamed<T extends object>(named: T, rename: (field: string) => string): T {
  const { field, src, dst, resultDst, specs } = named as Named;
  if ((field ?? src ?? dst ?? specs) === undefined) return named;
  return {
    ...named,
    ...(field !== undefined && { field: rename(field) }),
    ...(src !== undefined && { src: renamed(src, rename) }),
    ...(dst !== undefined && { dst: renamed(dst, rename) }),
    ...(resultDst !== undefined && { resultDst: renamed(resultDst, rename) }),
    ...(specs !== undefined && { specs: specs.map((spec) => renamed(spec, rename)) }),
  };
}

/** The name in OXM, which the specification's actions use. */
function newName(field: string): string {
  return fieldByOxm(field)?.oxm ?? field;
}

/** The name in NXM where there is one, which the extension's actions use. */
function oldName(field: string): string {
  return fieldByOxm(field)?.nxm ?? newName(field);
}
