import type { Counted } from '../tables/counted.ts';
import type { Flow } from '../tables/flow.ts';
import type { FlowTable } from '../tables/flow-tables.ts';
import type { Effect, Recording } from './recording.ts';

/** What is done with every packet of a kind, worked out once. */
export interface Handling {
  readonly effects: readonly Effect[];
  /** The ports that such packets leave through as they came, when nothing else happens to them. */
  readonly ports: readonly number[] | undefined;
}

/** Who counts the packets of a kind. */
export interface Counters {
  readonly flows: readonly Flow[];
  /** The table of each of `flows`. */
  readonly matched: readonly FlowTable[];
  /** Tables in which no flow took the packet. */
  readonly missed: readonly FlowTable[];
  readonly groups: readonly Counted[];
}

/** What a packet's way makes of others like it. */
export function handlingOf(recording: Recording): Handling {
  const effects = withoutUnseen(recording.effects);
  return { effects, ports: plainPorts(effects) };
}

/** Counts packets where the first of their kind was counted. @param usedMs when the last came */
export function credit(
  { flows, matched, missed, groups }: Counters,
  packets: number,
  bytes: number,
  usedMs: number,
): void {
  for (const flow of flows) {
    flow.count(packets, bytes);
    flow.use(usedMs);
  }
  for (const table of matched) table.count(packets, packets);
  for (const table of missed) table.count(packets, 0);
  for (const group of groups) group.count(packets, bytes);
}

/**
 * The effects without those that nobody sees: metadata and registers have done their work when the tables have been
 * gone through, unless a later effect looks at them.
 */
function withoutUnseen(effects: readonly Effect[]): readonly Effect[] {
  const seen: Effect[] = [];
  let isLookedAt = false;
  for (const effect of effects.toReversed()) {
    if (!isLookedAt && writesBesideFrame(effect)) continue;
    isLookedAt ||= looksBesideFrame(effect);
    seen.push(effect);
  }
  return seen.reverse();
}

function writesBesideFrame(effect: Effect): boolean {
  if (effect.type === 'metadata') return true;
  return effect.type === 'rewrite' && effect.step.beside === 'written';
}

/** Packet-ins and tunnels take along what is beside the frame. */
function looksBesideFrame(effect: Effect): boolean {
  switch (effect.type) {
    case 'controller':
      return true;
    case 'output':
      return !effect.isPlain;
    case 'rewrite':
      return effect.step.beside === 'read';
    default:
      return false;
  }
}

function plainPorts(effects: readonly Effect[]): readonly number[] | undefined {
  const ports: number[] = [];
  for (const effect of effects) {
    if (effect.type !== 'output' || !effect.isPlain) return undefined;
    ports.push(effect.port);
  }
  return ports;
}
