export type { ControllerLink } from './controller-link.ts';
export { Pipeline, type PipelineOptions } from './pipeline.ts';
export { type PortInit, SoftSwitch, type SoftSwitchOptions } from './soft-switch.ts';
export type { Departure, PacketInRequest, Verdict } from './traversal.ts';
