import { toBigInt } from '../../../util/u64.ts';
import { LearnFlag, type NxLearn, type NxLearn2 } from '../../actions/nicira/learn.ts';
import type { LearnSpec } from '../../actions/nicira/learn-spec.ts';
import { formatFieldValue } from '../field-value.ts';
import { fieldByOxm } from '../fields.ts';
import { hex } from '../numbers.ts';
import { formatSubfield } from '../subfield.ts';
import type { ActionFormats } from './format-action.ts';

const DEFAULT_PRIORITY = 0x8000;

/** The actions that add flows. */
export const learnFormats: ActionFormats<'nxLearn' | 'nxLearn2'> = {
  nxLearn: formatLearn,
  nxLearn2: formatLearn,
};

function formatLearn(action: NxLearn | NxLearn2): string {
  const words = [`table=${action.tableId}`];
  const addNumber = (name: string, value: number) => {
    if (value !== 0) words.push(`${name}=${value}`);
  };
  addNumber('idle_timeout', action.idleTimeout);
  addNumber('hard_timeout', action.hardTimeout);
  addNumber('fin_idle_timeout', action.finIdleTimeout);
  addNumber('fin_hard_timeout', action.finHardTimeout);
  if (action.priority !== DEFAULT_PRIORITY) words.push(`priority=${action.priority}`);
  if ((action.flags & LearnFlag.SEND_FLOW_REM) !== 0) words.push('send_flow_rem');
  if ((action.flags & LearnFlag.DELETE_LEARNED) !== 0) words.push('delete_learned');
  const cookie = toBigInt(action.cookie);
  if (cookie !== 0n) words.push(`cookie=${hex(cookie)}`);
  if (action.type === 'nxLearn2') {
    addNumber('limit', action.limit);
    if (action.resultDst) words.push(`result_dst=${formatSubfield({ ...action.resultDst, bits: 1 })}`);
  }
  return `learn(${[...words, ...action.specs.map(formatSpec)].join(',')})`;
}

function formatSpec(spec: LearnSpec): string {
  if (spec.type === 'output') return `output:${formatSubfield(spec.src)}`;
  const { src, dst } = spec;
  if (!('value' in src)) {
    if (spec.type === 'load') return `load:${formatSubfield(src)}->${formatSubfield(dst)}`;
    const isSame = fieldByOxm(src.field) === fieldByOxm(dst.field) && src.start === dst.start;
    return isSame ? formatSubfield(dst) : `${formatSubfield(dst)}=${formatSubfield(src)}`;
  }
  // Only the whole bytes that the bits need are kept of an immediate value.
  const value = BigInt(src.value) & ((1n << BigInt(Math.ceil(dst.bits / 8) * 8)) - 1n);
  if (spec.type === 'load') return `load:${hex(value)}->${formatSubfield(dst)}`;
  const field = fieldByOxm(dst.field);
  if (field === undefined || dst.start !== 0 || dst.bits !== field.bits) {
    return `${formatSubfield(dst)}=${hex(value)}`;
  }
  return `${field.name}=${formatFieldValue(field, value)}`;
}
