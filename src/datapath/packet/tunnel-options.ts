import type { TlvMap } from '../../ofp/messages/nicira-tlv-table.ts';
import { type FlowWords, OPTION_COUNT, WORD_OF } from './layout.ts';
import type { TlvTable } from './tlv-table.ts';

/** An option in the header of a Geneve tunnel (RFC 8926, 3.5). */
export interface GeneveOption {
  readonly optionClass: number;
  readonly optionType: number;
  /** A multiple of 4 bytes. */
  readonly data: Uint8Array;
}

/** Who does not know an option of such a type has to drop the packet (RFC 8926, 3.5). */
const CRITICAL = 0x80;

/** The options that a packet has, as `tun_metadata` fields say, in the order of the fields. */
export function readOptions(words: FlowWords, table: TlvTable): readonly GeneveOption[] {
  const options: GeneveOption[] = [];
  for (const { index, optionClass, optionType } of mapsOf(words, table)) {
    const data = new Uint8Array(4);
    new DataView(data.buffer).setUint32(0, optionWord(words, index)!);
    options.push({ optionClass, optionType, data });
  }
  return options;
}

/** Says of a packet which options it came with. @returns false when it has to be dropped */
export function writeOptions(words: FlowWords, options: readonly GeneveOption[], table: TlvTable): boolean {
  for (const { optionClass, optionType, data } of options) {
    const map = table.find(optionClass, optionType);
    if (map === undefined) {
      if ((optionType & CRITICAL) !== 0) return false;
      continue;
    }
    if (map.optionLen !== data.length) return false;
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    if (table.isUsable(map.index)) setOption(words, map.index, view.getUint32(0));
  }
  return true;
}

/** The numbers of the options that a packet has. */
export function* optionsOf(words: FlowWords): Iterable<number> {
  if (words[WORD_OF.tunOptionsPresent] === 0 && words[WORD_OF.tunOptionsPresent + 1] === 0) return;
  for (let index = 0; index < OPTION_COUNT; index++) if (optionWord(words, index) !== undefined) yield index;
}

/** The value of an option; undefined when the packet does not have it. */
function optionWord(words: FlowWords, index: number): number | undefined {
  return (words[presenceWord(index)]! & (1 << (index & 31))) === 0
    ? undefined
    : words[WORD_OF.tunOptions + index];
}

/** Gives a packet an option, or another value of it. */
export function setOption(words: FlowWords, index: number, value: number): void {
  words[WORD_OF.tunOptions + index] = value;
  words[presenceWord(index)]! |= 1 << (index & 31);
}

/** Takes an option off a packet. */
export function deleteOption(words: FlowWords, index: number): void {
  words[WORD_OF.tunOptions + index] = 0;
  words[presenceWord(index)]! &= ~(1 << (index & 31));
}

/** The word that says whether a packet has an option, in bit `index % 32`. */
export function presenceWord(index: number): number {
  return WORD_OF.tunOptionsPresent + 1 - (index >>> 5);
}

function mapsOf(words: FlowWords, table: TlvTable): readonly TlvMap[] {
  return [...optionsOf(words)].flatMap((index) => table.get(index) ?? []);
}
