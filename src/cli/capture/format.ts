import { WireError } from '../../util/errors.ts';

/** A packet of a capture. */
export interface CapturedPacket {
  /** Milliseconds since 1970; undefined where the file does not say. */
  readonly timeMs: number | undefined;
  /** What `bytes` begins with: a LINKTYPE_ number (tcpdump.org). */
  readonly linkType: number;
  /** As much of the packet as was captured. */
  readonly bytes: Buffer;
}

/** Bytes that a packet, or a block of a pcapng file, may have: more is a damaged file. */
export const MAX_PACKET_BYTES = 4 * 1024 * 1024;

/** The error of a file that cannot be read as a capture. */
export function invalidCapture(why: string): WireError {
  return new WireError('PACKET_CAPTURE_INVALID', why);
}

/** True for the errors of {@link invalidCapture}. */
export function isInvalidCapture(error: unknown): error is WireError {
  return error instanceof WireError && error.code === 'PACKET_CAPTURE_INVALID';
}
