import { type ActionCodec, actionCodec } from '../codec.ts';

/** NXAST_NOTE: does nothing, and keeps bytes with the flow (ovs-actions(7)). */
export interface NxNote {
  readonly type: 'nxNote';
  /** Filled up with zeros to 6, 14, 22… bytes, which decoding cannot tell from bytes of the note. */
  readonly note: Uint8Array;
}

/** The codec of {@link NxNote}. */
export const nxNote: ActionCodec = actionCodec<NxNote>({
  type: 'nxNote',
  code: 8,
  size: 16,
  fixed: false,
  decode: ({ bytes }, start, end) => ({ type: 'nxNote', note: bytes.subarray(start + 10, end) }),
  encode(writer, { note }) {
    writer.raw(note);
    if (note.length < 6) writer.zeros(6 - note.length);
  },
});
