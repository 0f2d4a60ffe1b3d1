import type { Action, ActionInit } from '../../../src/ofp/actions/action.ts';
import type { InstructionInit } from '../../../src/ofp/instruction.ts';
import type { MessageInit } from '../../../src/ofp/message.ts';
import { FIELDS, type FieldName } from '../../../src/ofp/oxm/fields.ts';
import { PortNo } from '../../../src/ofp/ports.ts';
import { fieldByOxm } from '../../../src/ofp/text/fields.ts';
import type { Random } from '../../fuzz/random.ts';

/** The same message, in which some things are said in other ways that there are for them, good and bad. */
export function respelt(random: Random, message: MessageInit): MessageInit {
  if (message.type === 'groupMod' && message.buckets !== undefined) {
    const buckets = message.buckets.map((bucket) => ({
      ...bucket,
      actions: (bucket.actions ?? []).map((action) => otherAction(random, action)),
    }));
    return { ...message, buckets };
  }
  if (message.type !== 'flowMod') return message;
  const match = otherMatch(random, (message.match ?? {}) as Said);
  // What stands there for tracked packets is not in the software switch.
  const isTracked = 'ctState' in match;
  const instructions = (message.instructions ?? [])
    .map((each) => otherInstruction(random, each))
    .filter((each) => !(isTracked && JSON.stringify(each, plain).includes('nxResubmitTableCt')));
  return { ...message, match, instructions } as MessageInit;
}

function plain(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}

type Said = Readonly<Record<string, unknown>>;

/** A match with other names for its fields, and other fields for the same bits. */
function otherMatch(random: Random, match: Said): Said {
  const other: Record<string, unknown> = {};
  const done = new Set<string>();
  for (const [name, value] of Object.entries(match)) {
    if (done.has(name)) continue;
    const [otherField, otherValue] = random.oneIn(2)
      ? (longRegister(random, name, match, done) ?? otherBits(name, value, match))
      : [name, value];
    other[otherName(random, otherField)] = otherValue;
  }
  return other;
}

function otherBits(name: string, value: unknown, match: Said): [string, unknown] {
  if (typeof value !== 'number') return [name, value];
  if (name === 'ipDscp') return ['nxmIpTos', value << 2];
  if (name === 'nxmInPort' && value < 0xff00) return ['inPort', value];
  if (name === 'inPort' && value < 0xff00) return ['nxmInPort', value];
  const hasVlan = name === 'vlanVid' && value > 0 && match.vlanPcp === undefined;
  return hasVlan ? ['nxmVlanTci', { value, mask: 0x1fff }] : [name, value];
}

/** A register and those beside it as one of two or four times the length. @param done gets their names */
function longRegister(
  random: Random,
  name: string,
  match: Said,
  done: Set<string>,
): [string, unknown] | undefined {
  const number = Number(/^reg(\d+)$/.exec(name)?.[1] ?? -1);
  if (number < 0) return undefined;
  const size = random.pick([2, 4]);
  const first = number - (number % size);
  let [value, mask] = [0n, 0n];
  for (let i = 0; i < size; i++) {
    const said = match[`reg${first + i}`];
    const part = typeof said === 'number' ? { value: said, mask: 0xffff_ffff } : (said as Masked | undefined);
    value = (value << 32n) | BigInt(part?.value ?? 0);
    mask = (mask << 32n) | BigInt(part?.mask ?? 0);
    done.add(`reg${first + i}`);
  }
  return [`${'x'.repeat(size / 2)}reg${first / size}`, { value, mask }];
}

interface Masked {
  readonly value: number;
  readonly mask: number;
}

function otherInstruction(random: Random, instruction: InstructionInit): InstructionInit {
  if (random.oneIn(400)) return { type: 'unknown', code: 9, raw: Buffer.alloc(4) };
  if (!('actions' in instruction)) return instruction;
  return { ...instruction, actions: instruction.actions.map((action) => otherAction(random, action)) };
}

/** By the name of a field as ovs-ofctl has it: what OXM and NXM call it. */
const names = new Map<string, FieldName[]>();
for (const name of Object.keys(FIELDS) as FieldName[]) {
  const text = fieldByOxm(name)?.name;
  if (text !== undefined) names.set(text, [...(names.get(text) ?? []), name]);
}

function otherName(random: Random, name: string): string {
  const others = names.get(fieldByOxm(name)?.name ?? '') ?? [];
  return others.length > 0 && random.oneIn(4) ? random.pick(others) : name;
}

/** Actions that do nothing but to write a field, by the field. */
const WRITERS: Readonly<Partial<Record<FieldName, readonly ((value: unknown) => ActionInit)[]>>> = {
  ethSrc: [(value) => ({ type: 'setDlSrc', dlAddr: value as string })],
  ethDst: [(value) => ({ type: 'setDlDst', dlAddr: value as string })],
  ipv4Src: [(value) => ({ type: 'setNwSrc', nwAddr: value as string })],
  ipv4Dst: [(value) => ({ type: 'setNwDst', nwAddr: value as string })],
  ipDscp: [(value) => ({ type: 'setNwTos', nwTos: (value as number) << 2 })],
  ipEcn: [(value) => ({ type: 'setNwEcn', nwEcn: value as number })],
  ipTtl: [(value) => ({ type: 'setNwTtl', ttl: value as number })],
  tcpSrc: [(value) => ({ type: 'setTpSrc', tpPort: value as number })],
  udpDst: [(value) => ({ type: 'setTpDst', tpPort: value as number })],
  vlanVid: [(value) => ({ type: 'setVlanVid', vlanVid: (value as number) & 0xfff })],
  vlanPcp: [(value) => ({ type: 'setVlanPcp', vlanPcp: value as number })],
  mplsLabel: [
    (value) => ({ type: 'setMplsLabel', mplsLabel: value as number }),
    (value) => ({ type: 'nxSetMplsLabel', mplsLabel: value as number }),
  ],
  mplsTc: [
    (value) => ({ type: 'setMplsTc', mplsTc: value as number }),
    (value) => ({ type: 'nxSetMplsTc', mplsTc: value as number }),
  ],
  mplsTtl: [
    (value) => ({ type: 'setMplsTtl', ttl: value as number }),
    (value) => ({ type: 'nxSetMplsTtl', ttl: value as number }),
  ],
  tunnelId: [
    (value) => ({ type: 'nxSetTunnel', tunnelId: Number(BigInt(String(value)) & 0xffff_ffffn) }),
    (value) => ({ type: 'nxSetTunnel64', tunnelId: BigInt(String(value)) }),
  ],
  metadata: [(value) => ({ type: 'nxWriteMetadata', metadata: BigInt(String(value)), metadataMask: 0xffn })],
};

type ActionOf<T, A = Action> = A extends { readonly type: infer U } ? (T extends U ? A : never) : never;

/** How a resubmit says its own table. */
const THIS_TABLE = 0xff;

/** Other forms of an action, and actions that no switch has, by its type. */
const FORMS: { readonly [T in Action['type']]?: readonly ((action: ActionOf<T>) => ActionInit)[] } = {
  nxRegMove: [({ src, dst }) => ({ type: 'onfCopyField', src, dst })],
  decNwTtl: [() => ({ type: 'nxDecTtl' }), () => ({ type: 'copyTtlIn' }), () => ({ type: 'copyTtlOut' })],
  decMplsTtl: [() => ({ type: 'nxDecMplsTtl' })],
  pushMpls: [({ ethType }) => ({ type: 'nxPushMpls', ethType })],
  popMpls: [({ ethType }) => ({ type: 'nxPopMpls', ethType })],
  pushVlan: [({ ethType }) => ({ type: 'pushPbb', ethType })],
  popVlan: [() => ({ type: 'popPbb' })],
  setQueue: [({ queueId }) => ({ type: 'nxSetQueue', queueId })],
  group: [({ groupId }) => ({ type: 'nxGroup', groupId })],
  nxSample: [
    (action) => ({ ...action, type: 'nxSample2', samplingPort: 1 }),
    (action) => ({ ...action, type: 'nxSample3', samplingPort: PortNo.ANY, direction: 'ingress' }),
    (action) => ({ ...action, type: 'nxSample4', samplingPort: 1, direction: 'egress' }),
  ],
  nxOutputReg: [(action) => ({ ...action, type: 'nxOutputReg2' })],
  nxResubmitTable: [
    (action) => ({ ...action, type: 'nxResubmitTableCt' }),
    (action) => (action.tableId === THIS_TABLE ? { type: 'nxResubmit', inPort: action.inPort } : action),
  ],
  nxNote: [
    () => ({ type: 'unknown', code: 77, raw: Buffer.alloc(4) }),
    () => ({ type: 'unknown', code: 0xffff, raw: Buffer.from('00002320ff00000000000000', 'hex') }),
  ],
};

/** All other forms of an action. */
export function otherForms(action: ActionInit): readonly ActionInit[] {
  if (action.type === 'setField') {
    const writers = WRITERS[action.field as FieldName] ?? [];
    return [{ ...action, type: 'nxRegLoad2' } as ActionInit, ...writers.map((make) => make(action.value))];
  }
  const forms = FORMS[action.type] as readonly ((action: ActionInit) => ActionInit)[] | undefined;
  return (forms ?? []).map((make) => make(action));
}

function otherAction(random: Random, action: ActionInit): ActionInit {
  if (action.type === 'nxClone')
    return { ...action, actions: action.actions.map((each) => otherAction(random, each)) };
  if (action.type === 'setField') return otherWrite(random, action);
  const renamed = otherFields(random, action);
  const forms = otherForms(renamed);
  return forms.length > 0 && random.oneIn(4) ? random.pick(forms) : renamed;
}

function otherWrite(random: Random, action: Extract<ActionInit, { type: 'setField' }>): ActionInit {
  if (random.oneIn(3)) return random.pick(otherForms(action));
  return { ...action, field: otherName(random, action.field) } as ActionInit;
}

interface Subfields {
  readonly field?: string;
  readonly src?: Subfields;
  readonly dst?: Subfields;
}

/** With other names for the fields that it is about. */
function otherFields<T extends object>(random: Random, action: T): T {
  const { field, src, dst } = action as Subfields;
  return {
    ...action,
    ...(field !== undefined && { field: otherName(random, field) }),
    ...(src?.field !== undefined && { src: otherFields(random, src) }),
    ...(dst?.field !== undefined && { dst: otherFields(random, dst) }),
  };
}
