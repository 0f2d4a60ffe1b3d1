import type { NxTlvTableMod, TlvMap } from '../../ofp/messages/nicira-tlv-table.ts';
import { demand } from '../../ofp/text/check/refusal.ts';
import { OPTION_BITS } from './layout.ts';

/** Bytes that the values of all mapped options have together, and the fields that there are, as in Open vSwitch. */
export const TLV_SPACE = 256;
export const TLV_FIELDS = 64;

/** Bytes of the options that packets have a place for. */
const USABLE_SIZE = OPTION_BITS / 8;

/** Which tunnel options stand for which fields `tun_metadata0` to `63` (nicira-ext.h, NXT_TLV_TABLE_MOD). */
export class TlvTable {
  #maps = new Map<number, TlvMap>();

  /** The mappings by the number of their field. */
  get maps(): readonly TlvMap[] {
    return [...this.#maps.values()].sort((a, b) => a.index - b.index);
  }

  get(index: number): TlvMap | undefined {
    return this.#maps.get(index);
  }

  /** The field of an option. */
  find(optionClass: number, optionType: number): TlvMap | undefined {
    for (const map of this.#maps.values())
      if (map.optionClass === optionClass && map.optionType === optionType) return map;
    return undefined;
  }

  /** True when packets have a place for the option that a field stands for. */
  isUsable(index: number): boolean {
    return this.#maps.get(index)?.optionLen === USABLE_SIZE;
  }

  /**
   * Does all that is ordered, or nothing.
   * @param isUsed whether a flow names a field
   * @throws Refusal
   */
  apply({ command, maps }: NxTlvTableMod, isUsed: (index: number) => boolean): void {
    const goes = command === 'clear' ? this.maps : command === 'delete' ? maps : [];
    for (const { index } of goes) {
      const mayGo = !this.#maps.has(index) || !isUsed(index);
      demand(mayGo, 'NXTTMFC_INVALID_TLV_DEL', `a flow names tun_metadata${index}`);
    }
    const changed = new Map(command === 'clear' ? [] : this.#maps);
    for (const map of maps) {
      if (command === 'delete') changed.delete(map.index);
      else if (command === 'add') add(changed, map);
    }
    this.#maps = changed;
  }
}

function add(maps: Map<number, TlvMap>, map: TlvMap): void {
  const { index, optionClass, optionType, optionLen } = map;
  demand(!maps.has(index), 'NXTTMFC_ALREADY_MAPPED', `tun_metadata${index} is mapped`);
  let space = optionLen;
  for (const each of maps.values()) {
    const isOther = each.optionClass !== optionClass || each.optionType !== optionType;
    demand(isOther, 'NXTTMFC_DUP_ENTRY', `the option is mapped to tun_metadata${each.index}`);
    space += each.optionLen;
  }
  demand(space <= TLV_SPACE, 'NXTTMFC_TABLE_FULL', `the options have over ${TLV_SPACE} bytes`);
  maps.set(index, map);
}
