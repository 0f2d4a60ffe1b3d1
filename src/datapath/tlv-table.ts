import type { NxTlvTableMod, TlvMap } from '../ofp/messages/nicira-tlv-table.ts';
import { demand } from '../ofp/text/check/refusal.ts';

/** Bytes that the values of all mapped options have together, and the fields that there are, as in Open vSwitch. */
export const TLV_SPACE = 256;
export const TLV_FIELDS = 64;

/** Which tunnel options stand for which fields `tun_metadata0` to `63` (nicira-ext.h, NXT_TLV_TABLE_MOD). */
export class TlvTable {
  #maps = new Map<number, TlvMap>();

  /** The mappings by the number of their field. */
  get maps(): readonly TlvMap[] {
    return [...this.#maps.values()].sort((a, b) => a.index - b.index);
  }

  /** Does all that is ordered, or nothing. @throws Refusal */
  apply({ command, maps }: NxTlvTableMod): void {
    if (command === 'clear') {
      this.#maps.clear();
      return;
    }
    const changed = new Map(this.#maps);
    for (const map of maps) {
      if (command === 'delete') changed.delete(map.index);
      else add(changed, map);
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
