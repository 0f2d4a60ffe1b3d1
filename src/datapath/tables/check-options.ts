import type { Action } from '../../ofp/actions/action.ts';
import type { Instruction } from '../../ofp/instruction.ts';
import { demand } from '../../ofp/text/check/refusal.ts';
import { OPTION_BITS, optionNumber } from '../packet/layout.ts';
import type { TlvTable } from '../packet/tlv-table.ts';

/** A field as an action names it, or a value that it has. */
interface Named {
  readonly field?: unknown;
  readonly start?: unknown;
  readonly bits?: unknown;
  readonly value?: unknown;
}

/** Refuses actions that name tunnel options which are not mapped, or bits that these do not have. @throws Refusal */
export function checkOptions(actions: readonly Action[], table: TlvTable): void {
  eachOption(actions, (index, { start = 0, bits = 1, value }) => {
    demand(
      table.isUsable(index),
      'NXFMFC_INVALID_TLV_FIELD',
      `no tunnel option is mapped to tun_metadata${index}`,
    );
    const hasRoom = Number(start) + Number(bits) <= OPTION_BITS;
    demand(hasRoom, 'OFPBAC_BAD_SET_LEN', `tun_metadata${index} has ${OPTION_BITS} bits`);
    const isShort = !(value instanceof Uint8Array) || value.length * 8 <= OPTION_BITS;
    demand(isShort, 'OFPBAC_BAD_SET_LEN', `tun_metadata${index} has ${OPTION_BITS} bits`);
  });
}

/** True when any action, however deep, names a tunnel option. */
export function usesOption(instructions: readonly Instruction[], index: number): boolean {
  let uses = false;
  eachOption(instructions, (number) => {
    uses ||= number === index;
  });
  return uses;
}

/** Finds the fields that stand for tunnel options, wherever they are named. */
function eachOption(within: unknown, found: (index: number, named: Named) => void): void {
  if (typeof within !== 'object' || within === null || within instanceof Uint8Array) return;
  const { field } = within as Named;
  const index = typeof field === 'string' ? optionNumber(field) : undefined;
  if (index !== undefined) found(index, within as Named);
  for (const value of Object.values(within)) eachOption(value, found);
}
