import { decode, encode, type MessageInit } from '../ofp/message.ts';
import type { TlvMap } from '../ofp/messages/nicira-tlv-table.ts';
import type { FlowStats, FlowStatsInit } from '../ofp/multipart/flow-stats.ts';
import type { GroupDesc } from '../ofp/multipart/group.ts';
import type { MeterConfig } from '../ofp/multipart/meter.ts';
import type { Port } from '../ofp/port.ts';
import { formatFlow } from '../ofp/text/flow-format.ts';
import { formatGroup } from '../ofp/text/group.ts';
import { formatMeter } from '../ofp/text/meter.ts';
import { UsageError } from '../util/errors.ts';
import type { Pipeline } from './pipeline.ts';

/** What a switch has, as it answers to multipart requests: `Switch.flowStats()` and `Switch.multipart(…)` give it. */
export interface SwitchDump {
  readonly flows: Entries<FlowStats | FlowStatsInit>;
  /** `groupDesc`. Default none. */
  readonly groups?: Entries<GroupDesc>;
  /** `meterConfig`. Default none. */
  readonly meters?: Entries<MeterConfig>;
  /** The tunnel options that fields stand for: `maps` of NXT_TLV_TABLE_REPLY. Default none. */
  readonly options?: Entries<TlvMap>;
  /** `portDesc`. Default none: a trace needs them only where packets are flooded, or groups watch ports. */
  readonly ports?: Entries<Port>;
}

/** Things that may be at hand or still come. */
type Entries<T> = Iterable<T> | AsyncIterable<T> | Promise<Iterable<T>>;

/** Puts what was dumped into a pipeline. @throws UsageError `DATAPATH_DUMP_REFUSED`, with what it does not take */
export async function loadDump(
  pipeline: Pipeline,
  { flows, groups = [], meters = [], options = [] }: SwitchDump,
): Promise<void> {
  for await (const map of await options)
    pipeline.mapOptions({ type: 'nxTlvTableMod', xid: 0, command: 'add', maps: [map] });
  for await (const meter of await meters)
    load(pipeline, { type: 'meterMod', command: 'add', ...meter }, () => formatMeter(meter));
  for await (const group of await groups)
    load(pipeline, { type: 'groupMod', command: 'add', ...group }, () => formatGroup(group));
  for await (const flow of await flows)
    load(pipeline, { type: 'flowMod', command: 'add', ...flow }, () => formatFlow(flow));
}

function load(pipeline: Pipeline, init: MessageInit, text: () => string): void {
  try {
    // As a switch gets it: what is left out has its default, and the match its canonical form.
    const message = decode(encode(init));
    if (message.type === 'flowMod' || message.type === 'groupMod' || message.type === 'meterMod')
      pipeline.apply(message);
  } catch (cause) {
    const reason = (cause as Error).message;
    throw new UsageError('DATAPATH_DUMP_REFUSED', `the software switch does not take ${text()}: ${reason}`, {
      cause,
    });
  }
}
