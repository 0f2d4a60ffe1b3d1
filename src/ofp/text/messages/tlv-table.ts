import type { WireView } from '../../wire/wire-view.ts';
import { demand } from '../check/refusal.ts';
import { hex } from '../numbers.ts';
import type { WireMessage } from './form.ts';

const MAP_SIZE = 8;
const MAX_OPTION = 124;
const FIELD_COUNT = 64;

interface Mapping {
  readonly optionClass: number;
  readonly optionType: number;
  readonly optionLen: number;
  readonly index: number;
}

/** Reads which tunnel options stand for which fields. @throws Refusal */
function readMappings({ view }: WireView, start: number, end: number, fieldCount: number): Mapping[] {
  const mappings: Mapping[] = [];
  for (let at = start; at < end; at += MAP_SIZE) {
    const optionLen = view.getUint8(at + 3);
    const index = view.getUint16(at + 4);
    const isLength = optionLen % 4 === 0 && optionLen <= MAX_OPTION;
    demand(isLength, 'NXTTMFC_BAD_OPT_LEN', `no option is ${optionLen} bytes long`);
    demand(index < fieldCount, 'NXTTMFC_BAD_FIELD_IDX', `there is no field tun_metadata${index}`);
    mappings.push({ optionClass: view.getUint16(at), optionType: view.getUint8(at + 2), optionLen, index });
  }
  return mappings;
}

function formatMappings(mappings: readonly Mapping[]): string {
  const lines = mappings.map(({ optionClass, optionType, optionLen, index }) => {
    const option = `${hex(optionClass).padStart(6)}  ${hex(optionType).padStart(4)}`;
    return `\n ${option}  ${String(optionLen).padStart(6)}  tun_metadata${index}`;
  });
  return ` mapping table:\n  class  type  length  match field\n ------  ----  ------  --------------${lines.join('')}`;
}

const COMMANDS = ['ADD', 'DEL', 'CLEAR'];
const CLEAR = 2;

/** Writes NXT_TLV_TABLE_MOD. */
export function* printTlvTableMod({ wire, body, end }: WireMessage): Iterable<string> {
  const command = wire.view.getUint16(body);
  demand(command <= CLEAR, 'NXTTMFC_BAD_COMMAND', `no command has the number ${command}`);
  const mappings = readMappings(wire, body + 8, end, FIELD_COUNT);
  yield `\n ${COMMANDS[command]}${command === CLEAR ? '' : formatMappings(mappings)}`;
}

/** Writes NXT_TLV_TABLE_REPLY. */
export function* printTlvTableReply({ wire, body, end }: WireMessage): Iterable<string> {
  const maxFields = wire.view.getUint16(body + 4);
  const mappings = readMappings(wire, body + 16, end, maxFields);
  const used = mappings.reduce((sum, { optionLen }) => sum + optionLen, 0);
  yield `\n max option space=${wire.view.getUint32(body)} max fields=${maxFields}\n`;
  yield ` allocated option space=${used}\n\n${formatMappings(mappings)}`;
}
