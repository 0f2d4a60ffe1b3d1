import type Long from 'long';
import { Experimenter } from '../oxm/fields.ts';
import { pad, struct, u32, u64 } from '../wire/struct.ts';
import { type ExperimenterMultipartCodec, listOf, noBody } from './codec.ts';

/** What an IPFIX exporter has seen and sent: nx_ipfix_stats_reply (nicira-ext.h). */
export interface IpfixStats<Value = Long> {
  readonly totalFlows: Value;
  readonly currentFlows: Value;
  /** Packets sampled, those of each version, and those in error. */
  readonly pkts: Value;
  readonly ipv4Pkts: Value;
  readonly ipv6Pkts: Value;
  readonly errorPkts: Value;
  readonly ipv4ErrorPkts: Value;
  readonly ipv6ErrorPkts: Value;
  /** Messages sent to collectors, and those that could not be. */
  readonly txPkts: Value;
  readonly txErrors: Value;
  /** 0 for the bridge's own exporter. */
  readonly collectorSetId: number;
}

const stats = struct<IpfixStats>(
  'nx_ipfix_stats_reply',
  u64('totalFlows'),
  u64('currentFlows'),
  u64('pkts'),
  u64('ipv4Pkts'),
  u64('ipv6Pkts'),
  u64('errorPkts'),
  u64('ipv4ErrorPkts'),
  u64('ipv6ErrorPkts'),
  u64('txPkts'),
  u64('txErrors'),
  u32('collectorSetId'),
  pad(4),
);

/** NXST_IPFIX_BRIDGE: the exporter of the bridge. */
export const ipfixBridge: ExperimenterMultipartCodec = {
  type: 'nxIpfixBridge',
  experimenter: Experimenter.NICIRA,
  expType: 3,
  request: noBody,
  reply: stats,
};

/** NXST_IPFIX_FLOW: the exporters that flows name. */
export const ipfixFlow: ExperimenterMultipartCodec = {
  type: 'nxIpfixFlow',
  experimenter: Experimenter.NICIRA,
  expType: 4,
  request: noBody,
  reply: listOf(stats),
};
