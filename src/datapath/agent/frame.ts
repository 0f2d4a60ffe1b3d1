import type { WireView } from '../../ofp/wire/wire-view.ts';

/** A message as it came: bytes `start` to `end`. They stay as they are, so that it may be kept. */
export interface MessageFrame {
  readonly wire: WireView;
  readonly start: number;
  readonly end: number;
}

/** So much of a message fits into the error about it: all of nearly every one, as Open vSwitch answers. */
const MAX_ERROR_DATA = 0xffff - 20;

/** The xid of a message. */
export function xidOf({ wire, start }: MessageFrame): number {
  return wire.view.getUint32(start + 4);
}

/** The version that a message is of. */
export function versionOf({ wire, start }: MessageFrame): number {
  return wire.bytes[start]!;
}

/** What goes back with an error about a message. */
export function errorData({ wire, start, end }: MessageFrame): Uint8Array {
  return wire.bytes.subarray(start, Math.min(end, start + MAX_ERROR_DATA));
}
