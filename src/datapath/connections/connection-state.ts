import { IpProtocol } from '../../packet/headers.ts';
import { isRequest, type Tuple } from './connection-tuple.ts';

/** How far a connection is: changed by each of its packets. */
export interface Progress {
  /** How far each end of TCP is, the one that began first: a {@link TcpState}. Of other protocols, the first is a stage. */
  readonly ends: [number, number];
  /** How long it is kept without a packet. */
  idleMs: number;
}

/**
 * What a packet is to its connection: `anew` begins another one of the same tuple, `new` has seen no answer yet.
 */
export type Finding = 'established' | 'new' | 'anew' | 'invalid';

/** In the order in which they follow each other. */
const TcpState = {
  CLOSED: 0,
  SYN_SENT: 1,
  ESTABLISHED: 2,
  CLOSING: 3,
  FIN_WAIT_2: 4,
  TIME_WAIT: 5,
} as const;

/** Of protocols without states of their own. */
const Stage = { FIRST: 0, ANSWERED: 1 } as const;

const Flag = { FIN: 1, SYN: 2, RST: 4, PSH: 8, ACK: 16, URG: 32 } as const;

/** The timeouts of Open vSwitch's userspace datapath. */
const IDLE_MS = {
  opening: 30_000,
  established: 86_400_000,
  closing: 900_000,
  finished: 45_000,
  closed: 30_000,
  single: 60_000,
  answered: 30_000,
} as const;

/** All that there are: one connection's is one of these at any time. */
export const IDLE_TIMES: readonly number[] = [...new Set<number>(Object.values(IDLE_MS))];

/** True when a packet may be the first of a connection. @param flags of TCP */
export function mayBegin(tuple: Tuple, flags: number): boolean {
  if (tuple.protocol !== IpProtocol.TCP) return isRequest(tuple);
  // What was there before the tracker was is taken up, but not in the midst of its handshake.
  return !isNonsense(flags) && (flags & (Flag.SYN | Flag.ACK)) !== (Flag.SYN | Flag.ACK);
}

/** How far a connection is after its first packet. */
export function begin({ protocol }: Tuple): Progress {
  if (protocol === IpProtocol.TCP)
    return { ends: [TcpState.SYN_SENT, TcpState.CLOSED], idleMs: IDLE_MS.opening };
  return { ends: [Stage.FIRST, Stage.FIRST], idleMs: IDLE_MS.single };
}

/** Takes a further packet of a connection into account. @param flags of TCP */
export function advance(progress: Progress, { protocol }: Tuple, isReply: boolean, flags: number): Finding {
  if (protocol === IpProtocol.TCP) return advanceTcp(progress, isReply, flags);
  const { ends } = progress;
  if (isReply) ends[0] = Stage.ANSWERED;
  const isAnswered = ends[0] === Stage.ANSWERED;
  progress.idleMs = isAnswered ? IDLE_MS.answered : IDLE_MS.single;
  return isAnswered ? 'established' : 'new';
}

/** As Open vSwitch does with `dpctl/ct-disable-tcp-seq-chk`: sequence numbers and windows are not looked at. */
function advanceTcp(progress: Progress, isReply: boolean, flags: number): Finding {
  if (isNonsense(flags)) return 'invalid';
  const { ends } = progress;
  const [src, dst] = isReply ? ([1, 0] as const) : ([0, 1] as const);
  if ((flags & (Flag.SYN | Flag.ACK)) === Flag.SYN) {
    if (Math.min(...ends) >= TcpState.FIN_WAIT_2) return 'anew';
    if (ends[src] <= TcpState.SYN_SENT) {
      ends[src] = TcpState.SYN_SENT;
      progress.idleMs = IDLE_MS.opening;
      return 'new';
    }
  }
  ends[src] = Math.max(ends[src], (flags & Flag.FIN) !== 0 ? TcpState.CLOSING : TcpState.SYN_SENT);
  if ((flags & Flag.ACK) !== 0) {
    if (ends[dst] === TcpState.SYN_SENT) ends[dst] = TcpState.ESTABLISHED;
    else if (ends[dst] === TcpState.CLOSING) ends[dst] = TcpState.FIN_WAIT_2;
  }
  if ((flags & Flag.RST) !== 0) ends.fill(TcpState.TIME_WAIT);
  progress.idleMs = tcpIdleMs(Math.min(...ends), Math.max(...ends));
  return 'established';
}

/** @param least how far the end is that is behind */
function tcpIdleMs(least: number, most: number): number {
  if (least >= TcpState.FIN_WAIT_2) return IDLE_MS.closed;
  if (least >= TcpState.CLOSING) return IDLE_MS.finished;
  if (least < TcpState.ESTABLISHED) return IDLE_MS.opening;
  return most >= TcpState.CLOSING ? IDLE_MS.closing : IDLE_MS.established;
}

/** Flags that no TCP sends together. */
function isNonsense(flags: number): boolean {
  const has = (bits: number) => (flags & bits) !== 0;
  if (has(Flag.SYN) ? has(Flag.RST | Flag.FIN) : !has(Flag.ACK | Flag.RST)) return true;
  return !has(Flag.ACK) && has(Flag.FIN | Flag.PSH | Flag.URG);
}
