import { type FrameHeaders, IpProtocol, read16 } from '../../packet/headers.ts';
import { advance, begin, IDLE_TIMES, mayBegin, type Progress } from './connection-state.ts';
import { keyOf, readTuple, reversed, type Tuple } from './connection-tuple.ts';

/** Bits of `ctState` that the switch sets (ovs-fields(7)). */
export const CtState = {
  NEW: 0x01,
  ESTABLISHED: 0x02,
  REPLY: 0x08,
  INVALID: 0x10,
  TRACKED: 0x20,
} as const;

/** Bits to be written into a mark or label: `value` has none outside of `mask`. */
export interface MaskedBits {
  readonly value: bigint;
  readonly mask: bigint;
}

/** What is asked of the tracker for one packet. */
export interface TrackOrder {
  readonly zone: number;
  /** Keeps the connection. */
  readonly commits: boolean;
  /** Replaces a connection of the other direction. */
  readonly forces: boolean;
  /** What is written to the connection. */
  readonly mark: MaskedBits;
  readonly label: MaskedBits;
}

/** What the tracker has said of a packet. */
export interface Tracked {
  /** Bits of {@link CtState}. */
  readonly state: number;
  readonly zone: number;
  readonly mark: bigint;
  readonly label: bigint;
  /** The tuple of the connection's first packet. */
  readonly original: Tuple | undefined;
  readonly connection: Connection | undefined;
}

/** A connection that was committed. */
export interface Connection {
  readonly zone: number;
  readonly original: Tuple;
  readonly key: string;
  readonly replyKey: string;
  readonly progress: Progress;
  expiresMs: number;
  mark: bigint;
  label: bigint;
}

/** What of a packet the tracker looks at. */
interface TrackedPacket {
  readonly bytes: Uint8Array;
  readonly headers: FrameHeaders;
  readonly tracked: Tracked | undefined;
}

/**
 * The connections of a switch, by zone and tuple, as Open vSwitch's userspace datapath tracks them but for windows of
 * TCP, fragments, ICMP errors, NAT and the helpers of protocols.
 */
export class Conntrack {
  readonly #maxConnections: number;
  readonly #byKey = new Map<string, Connection>();
  /** By how long they are kept, those first that had a packet longest ago. */
  readonly #byIdleTime = new Map(IDLE_TIMES.map((idleMs) => [idleMs, new Set<Connection>()]));
  #size = 0;

  /** @param maxConnections beyond which none is committed: packets are new to it, as before */
  constructor(maxConnections: number) {
    this.#maxConnections = maxConnections;
  }

  /** Connections that are kept, those included whose time is over and that nobody has asked for since. */
  get size(): number {
    return this.#size;
  }

  /**
   * Finds a packet's connection, and commits it if that is asked.
   * @param isDry only tells what would be, and changes nothing
   */
  track(packet: TrackedPacket, order: TrackOrder, nowMs: number, isDry = false): Tracked {
    const { zone } = order;
    const before = packet.tracked;
    // A packet that has found its connection in this zone keeps it, and what it is to it.
    if (before?.connection?.zone === zone && !order.forces) return written({ ...before }, order, isDry);
    const tuple = readTuple(packet.bytes, packet.headers);
    if (tuple === undefined) return told(CtState.INVALID, zone);
    const key = keyOf(zone, tuple);
    const flags =
      tuple.protocol === IpProtocol.TCP ? read16(packet.bytes, packet.headers.l4 + 12) & 0xfff : 0;
    const found = this.#find(key, nowMs);
    const isReply = found !== undefined && found.key !== key;
    if (found !== undefined && !(order.forces && isReply)) {
      const stateBefore = before?.zone === zone ? before.state : 0;
      const tracked = this.#follow(found, isReply, flags, stateBefore, nowMs, isDry);
      if (tracked !== undefined) return written(tracked, order, isDry);
    }
    if (found !== undefined && !isDry) this.#remove(found);
    if (!mayBegin(tuple, flags)) return told(CtState.INVALID, zone, tuple);
    const connection = order.commits ? this.#add(zone, tuple, nowMs, isDry) : undefined;
    return written(told(CtState.NEW, zone, tuple, connection), order, isDry);
  }

  /** Forgets connections. */
  flush(fits: (connection: Connection) => boolean): void {
    for (const connections of this.#byIdleTime.values())
      for (const connection of connections) if (fits(connection)) this.#remove(connection);
  }

  #find(key: string, nowMs: number): Connection | undefined {
    const found = this.#byKey.get(key);
    return found !== undefined && found.expiresMs > nowMs ? found : undefined;
  }

  /** Takes a further packet of a connection into account. @returns undefined when it begins another one */
  #follow(
    found: Connection,
    isReply: boolean,
    flags: number,
    stateBefore: number,
    nowMs: number,
    isDry: boolean,
  ): Tracked | undefined {
    const { idleMs, ends } = found.progress;
    const progress: Progress = isDry ? { idleMs, ends: [...ends] } : found.progress;
    const finding = advance(progress, found.original, isReply, flags);
    if (finding === 'anew') return undefined;
    if (!isDry && finding !== 'invalid') this.#keep(found, idleMs, nowMs);
    let state = stateBefore;
    if (finding === 'invalid') state = CtState.INVALID;
    else if (finding === 'new') state |= CtState.NEW;
    else state = (state & ~CtState.NEW) | CtState.ESTABLISHED | (isReply ? CtState.REPLY : 0);
    return told(state, found.zone, found.original, found);
  }

  #add(zone: number, original: Tuple, nowMs: number, isDry: boolean): Connection | undefined {
    if (!isDry) this.#expire(nowMs);
    if (this.#size >= this.#maxConnections) return undefined;
    const progress = begin(original);
    const connection: Connection = {
      zone,
      original,
      key: keyOf(zone, original),
      replyKey: keyOf(zone, reversed(original)),
      progress,
      expiresMs: nowMs + progress.idleMs,
      mark: 0n,
      label: 0n,
    };
    if (isDry) return connection;
    this.#byKey.set(connection.key, connection);
    this.#byKey.set(connection.replyKey, connection);
    this.#byIdleTime.get(progress.idleMs)!.add(connection);
    this.#size++;
    return connection;
  }

  /** @param idleMs how long it was kept before */
  #keep(connection: Connection, idleMs: number, nowMs: number): void {
    this.#byIdleTime.get(idleMs)!.delete(connection);
    this.#byIdleTime.get(connection.progress.idleMs)!.add(connection);
    connection.expiresMs = nowMs + connection.progress.idleMs;
  }

  #expire(nowMs: number): void {
    for (const connections of this.#byIdleTime.values()) {
      for (const connection of connections) {
        if (connection.expiresMs > nowMs) break;
        this.#remove(connection);
      }
    }
  }

  #remove(connection: Connection): void {
    this.#byKey.delete(connection.key);
    this.#byKey.delete(connection.replyKey);
    this.#byIdleTime.get(connection.progress.idleMs)!.delete(connection);
    this.#size--;
  }
}

function told(state: number, zone: number, tuple?: Tuple, connection?: Connection): Tracked {
  return {
    state: state | CtState.TRACKED,
    zone,
    mark: connection?.mark ?? 0n,
    label: connection?.label ?? 0n,
    original: connection?.original ?? tuple,
    connection,
  };
}

/** What is said of a packet once the order's mark and label are written to its connection. */
function written(tracked: Tracked, order: TrackOrder, isDry: boolean): Tracked {
  const { connection } = tracked;
  if (connection === undefined) return tracked;
  const mark = order.mark.value | (connection.mark & ~order.mark.mask);
  const label = order.label.value | (connection.label & ~order.label.mask);
  if (!isDry) [connection.mark, connection.label] = [mark, label];
  return { ...tracked, zone: order.zone, mark, label };
}
