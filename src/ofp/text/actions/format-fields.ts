import { toBigInt } from '../../../util/u64.ts';
import type { NxMetadataAction } from '../../actions/nicira/metadata.ts';
import type { NxRegisterAction } from '../../actions/nicira/register.ts';
import type { NxStackAction } from '../../actions/nicira/stack.ts';
import type { OnfAction } from '../../actions/onf.ts';
import type { FieldName } from '../../oxm/fields.ts';
import { formatFieldValue } from '../field-value.ts';
import { fieldByOxm } from '../fields.ts';
import { maskedBits } from '../match-key.ts';
import { dottedHex, hex } from '../numbers.ts';
import { formatSubfield } from '../subfield.ts';
import type { ActionFormats } from './format-action.ts';

/** What the actions that write a field have in common. */
interface FieldWritten {
  readonly field: string;
  readonly value: unknown;
  readonly mask?: unknown;
}

/** The actions that write fields and copy them. */
export const fieldFormats: ActionFormats<
  'setField' | NxRegisterAction['type'] | NxStackAction['type'] | NxMetadataAction['type'] | OnfAction['type']
> = {
  setField: formatSetField,
  nxRegLoad2: formatSetField,
  nxRegLoad: ({ value, dst }) => `load:${hex(toBigInt(value))}->${formatSubfield(dst)}`,
  nxRegMove: ({ src, dst }) => `move:${formatSubfield(src)}->${formatSubfield(dst)}`,
  onfCopyField: ({ src, dst }) => `move:${formatSubfield(src)}->${formatSubfield(dst)}`,
  nxDeleteField: ({ field }) => `delete_field:${fieldByOxm(field)?.name ?? field}`,
  nxCheckPktLarger: ({ pktLen, dst }) =>
    `check_pkt_larger(${pktLen})->${formatSubfield({ ...dst, bits: 1 })}`,
  nxStackPush: (action) => `push:${formatSubfield(action)}`,
  nxStackPop: (action) => `pop:${formatSubfield(action)}`,
  nxSetTunnel: ({ tunnelId }) => `set_tunnel:${hex(tunnelId)}`,
  nxSetTunnel64: ({ tunnelId }) => `set_tunnel64:${hex(toBigInt(tunnelId))}`,
  nxSetQueue: ({ queueId }) => `set_queue:${queueId}`,
  nxWriteMetadata: ({ metadata, metadataMask }) =>
    formatWriteMetadata(toBigInt(metadata), toBigInt(metadataMask)),
};

/** The instruction and the action that write `metadata` look the same. */
export function formatWriteMetadata(metadata: bigint, mask: bigint): string {
  const suffix = mask === 0xffff_ffff_ffff_ffffn ? '' : `/${hex(mask)}`;
  return `write_metadata:${hex(metadata)}${suffix}`;
}

function formatSetField({ field, value, mask }: FieldWritten): string {
  const known = fieldByOxm(field);
  if (known === undefined) {
    return `set_field:${value instanceof Uint8Array ? dottedHex(value) : String(value)}->${field}`;
  }
  const bits = maskedBits(known, field as FieldName, mask === undefined ? value : { value, mask });
  return `set_field:${formatFieldValue(known, bits.value, bits.mask)}->${known.name}`;
}
