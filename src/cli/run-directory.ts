/** Where Open vSwitch keeps its sockets: where `OVS_RUNDIR` says, as its own commands do. */
export function runDirectory(): string {
  return process.env.OVS_RUNDIR ?? '/var/run/openvswitch';
}
