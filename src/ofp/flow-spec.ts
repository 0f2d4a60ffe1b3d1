import type { U64 } from '../util/u64.ts';
import type { BucketInit } from './bucket.ts';
import type { InstructionInit } from './instruction.ts';
import type { GroupType } from './messages/group-mod.ts';
import type { MeterBand } from './meter-band.ts';
import type { MatchInit } from './oxm/fields.ts';
import type { Enumerated } from './wire/enumeration.ts';

/**
 * A flow as it should be in a switch (OpenFlow 1.3.5, 5.2). Table, priority and match say which flow it is; the rest is
 * what it does.
 */
export interface FlowSpec {
  readonly tableId: number;
  readonly priority: number;
  readonly match?: MatchInit;
  readonly cookie?: U64;
  readonly idleTimeout?: number;
  readonly hardTimeout?: number;
  /** Bits of FlowModFlag. */
  readonly flags?: number;
  readonly instructions?: readonly InstructionInit[];
}

/** A group as it should be in a switch (OpenFlow 1.3.5, 5.6). */
export interface GroupSpec {
  readonly groupId: number;
  readonly groupType: Enumerated<GroupType>;
  readonly buckets: readonly BucketInit[];
}

/** A meter as it should be in a switch (OpenFlow 1.3.5, 5.7). */
export interface MeterSpec {
  readonly meterId: number;
  /** Bits of MeterFlag. */
  readonly flags: number;
  readonly bands: readonly MeterBand[];
}

/** Everything that should be in a switch, as far as it is somebody's (OpenFlow 1.3.5, 5.1). */
export interface TableState {
  readonly flows: Iterable<FlowSpec>;
  readonly groups: Iterable<GroupSpec>;
  readonly meters: Iterable<MeterSpec>;
}
