export type { ControllerLink, LinkLimits } from './agent/controller-link.ts';
export type { SwitchDump } from './load-dump.ts';
export type { Datagram, SoftHost, SoftHostOptions } from './network/soft-host.ts';
export { type Encapsulation, SoftNetwork, type SoftNetworkOptions } from './network/soft-network.ts';
export type { Tunnel } from './packet/tunnel.ts';
export type { GeneveOption } from './packet/tunnel-options.ts';
export { Pipeline, type PipelineOptions } from './pipeline.ts';
export type { Transmit } from './ports.ts';
export type { QueueInit } from './queues.ts';
export { type PortInit, SoftSwitch, type SoftSwitchOptions } from './soft-switch.ts';
export type { TableOptions } from './tables/flow-tables.ts';
export { formatTrace } from './trace/format-trace.ts';
export {
  type Rewrite,
  type Trace,
  type TracedFlow,
  type TracedTable,
  type TraceStep,
  tablesOf,
} from './trace/trace.ts';
export type { Departure, PacketInRequest, Verdict } from './traversal/verdict.ts';
