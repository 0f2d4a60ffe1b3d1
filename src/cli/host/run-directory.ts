/** Where Open vSwitch keeps its sockets: where `OVS_RUNDIR` says, as its own commands do. */
export function runDirectory(): string {
  return process.env.OVS_RUNDIR ?? '/var/run/openvswitch';
}

/** Where this host's database listens, unless told otherwise. */
export function databaseMethod(): string {
  return `unix:${runDirectory()}/db.sock`;
}
