import { type ActionCodec, actionCodec } from '../codec.ts';

/** NXAST_FIN_TIMEOUT: shortens the flow's timeouts when it sees a TCP packet with FIN or RST (ovs-actions(7)). */
export interface NxFinTimeout {
  readonly type: 'nxFinTimeout';
  /** Seconds; 0 leaves the idle timeout. */
  readonly finIdleTimeout: number;
  /** Seconds; 0 leaves the hard timeout. */
  readonly finHardTimeout: number;
}

/** The codec of {@link NxFinTimeout}. */
export const nxFinTimeout: ActionCodec = actionCodec<NxFinTimeout>({
  type: 'nxFinTimeout',
  code: 19,
  size: 16,
  fixed: true,
  decode: ({ view }, start) => ({
    type: 'nxFinTimeout',
    finIdleTimeout: view.getUint16(start + 10),
    finHardTimeout: view.getUint16(start + 12),
  }),
  encode(writer, { finIdleTimeout, finHardTimeout }) {
    writer.u16(finIdleTimeout);
    writer.u16(finHardTimeout);
    writer.zeros(2);
  },
});
