import type { NxLearn, NxLearn2 } from '../../ofp/actions/nicira/learn.ts';
import { resultOf } from '../actions/learning.ts';
import type { ControllerRequest, Step, Walk } from '../actions/walk.ts';
import {
  emptyWords,
  type FlowWords,
  isBesideFrame,
  type MaskedChunks,
  markRun,
  WORD_OF,
  type WordRun,
} from '../packet/layout.ts';
import type { Flow } from '../tables/flow.ts';
import type { FlowTable } from '../tables/flow-tables.ts';
import type { Group, GroupBucket } from '../tables/groups.ts';

/** Something that has happened to a packet, and happens to each one that is like it. */
export type Effect =
  | {
      readonly type: 'output';
      readonly port: number;
      readonly queue: number | undefined;
      readonly maxLen: number;
      /** True when the packet leaves whole, through no tunnel and no queue that was asked for. */
      readonly isPlain: boolean;
    }
  | { readonly type: 'rewrite'; readonly step: Step }
  | { readonly type: 'metadata'; readonly chunks: MaskedChunks }
  | { readonly type: 'controller'; readonly request: PacketInOrigin }
  | { readonly type: 'meter'; readonly meterId: number }
  /** A flow is learnt again. */
  | { readonly type: 'refresh'; readonly flow: Flow }
  /** What follows happens to a copy, up to the `rejoin` that belongs to it. */
  | { readonly type: 'fork'; readonly hasOwnStack: boolean }
  | { readonly type: 'rejoin' };

/** Where a packet-in came about. */
export interface PacketInOrigin extends Required<Pick<ControllerRequest, 'reason'>>, ControllerRequest {
  readonly reason: NonNullable<ControllerRequest['reason']>;
  readonly tableId: number;
  readonly cookie: bigint;
  /** What the packet goes on with, if it has paused. */
  readonly continuation?: Uint8Array;
}

/** What one packet's way was made of: which of its bits it depended on, what was done, and who counts it. */
export class Recording {
  /** The bits that the way depended on, of the packet as it came. */
  readonly mask: FlowWords = alwaysRead();
  readonly effects: Effect[] = [];
  readonly flows: Flow[] = [];
  /** The table of each of `flows`. */
  readonly matched: FlowTable[] = [];
  /** Tables in which no flow took the packet. */
  readonly missed: FlowTable[] = [];
  readonly groups: (Group | GroupBucket)[] = [];
  /** False once it did something that cannot be done again without walking the tables. */
  isRepeatable = true;

  reads(run: WordRun): void {
    markRun(this.mask, run);
  }

  /** A flow was learnt again, and the packet told so. */
  refreshes(flow: Flow, action: NxLearn | NxLearn2): void {
    this.effects.push({ type: 'refresh', flow });
    const run = resultOf(action);
    if (run === undefined) return;
    const perform = ({ packet }: Walk) => packet.writeNumber(run, 1);
    const beside = isBesideFrame(run.place) ? 'written' : 'untouched';
    this.effects.push({ type: 'rewrite', step: { action, isRewrite: true, beside, perform } });
  }
}

/** What says which headers a packet has: how a field is read and written depends on it. */
function alwaysRead(): FlowWords {
  const mask = emptyWords();
  for (const place of ['inPort', 'dlType', 'vlanTci', 'nwFrag'] as const) mask[WORD_OF[place]] = 0xffffffff;
  return mask;
}
