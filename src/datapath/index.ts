export type { ControllerLink, LinkLimits } from './controller-link.ts';
export type { TableOptions } from './flow-tables.ts';
export { formatTrace } from './format-trace.ts';
export type { SwitchDump } from './load-dump.ts';
export { Pipeline, type PipelineOptions } from './pipeline.ts';
export type { Transmit } from './ports.ts';
export type { QueueInit } from './queues.ts';
export type { Datagram, SoftHost, SoftHostOptions } from './soft-host.ts';
export { type Encapsulation, SoftNetwork, type SoftNetworkOptions } from './soft-network.ts';
export { type PortInit, SoftSwitch, type SoftSwitchOptions } from './soft-switch.ts';
export {
  type Rewrite,
  type Trace,
  type TracedFlow,
  type TracedTable,
  type TraceStep,
  tablesOf,
} from './trace.ts';
export type { Tunnel } from './tunnel.ts';
export type { GeneveOption } from './tunnel-options.ts';
export type { Departure, PacketInRequest, Verdict } from './verdict.ts';
