import type { Command } from 'commander';

/** What adds a command to the program; `stdout` takes what it prints. */
type AddCommand = (program: Command, stdout: { write(text: string): unknown }) => void;

/** A command of the program: what help says of it, and where it is. */
interface ProgramCommand {
  readonly name: string;
  /** Undefined for those that people do not call. */
  readonly summary?: string;
  readonly load: () => Promise<AddCommand>;
}

/** Commands under a heading of the program's help. */
interface CommandGroup {
  readonly heading: string;
  readonly commands: readonly ProgramCommand[];
}

/** The commands in the order of help. To load all of them takes longer than `connect` does. */
export const COMMAND_GROUPS: readonly CommandGroup[] = [
  {
    heading: 'Hosts:',
    commands: [
      {
        name: 'init',
        summary: 'prepare this host for containers',
        load: async () => (await import('./host/init.ts')).addInitCommand,
      },
      {
        name: 'cluster',
        summary: 'say which other hosts there are',
        load: async () => (await import('./host/cluster.ts')).addClusterCommand,
      },
      {
        name: 'agent',
        summary: "run this host's controller",
        load: async () => (await import('./host/agent.ts')).addAgentCommand,
      },
      {
        name: 'status',
        summary: 'how this host is',
        load: async () => (await import('./host/status.ts')).addStatusCommand,
      },
      {
        name: 'cleanup',
        summary: 'remove everything that init and connect have made',
        load: async () => (await import('./host/cleanup.ts')).addCleanupCommand,
      },
      { name: 'uplink-guard', load: async () => (await import('./host/uplink.ts')).addUplinkGuardCommand },
    ],
  },
  {
    heading: 'Containers in pods:',
    commands: [
      {
        name: 'connect',
        summary: 'put a container into a pod',
        load: async () => (await import('./host/connect.ts')).addConnectCommand,
      },
      {
        name: 'disconnect',
        summary: 'take a container out of a pod',
        load: async () => (await import('./host/disconnect.ts')).addDisconnectCommand,
      },
      {
        name: 'endpoints',
        summary: "list this host's endpoints",
        load: async () => (await import('./host/endpoints.ts')).addEndpointsCommand,
      },
      {
        name: 'pods',
        summary: "list this host's pods, and give them subnets",
        load: async () => (await import('./host/pods.ts')).addPodsCommand,
      },
    ],
  },
  {
    heading: 'Containers in slots:',
    commands: [
      {
        name: 'vswitch',
        summary: 'virtual switches with slots for containers',
        load: async () => (await import('./slots/vswitch.ts')).addVswitchCommand,
      },
      {
        name: 'start',
        summary: 'start a container in a slot',
        load: async () => (await import('./slots/start.ts')).addStartCommand,
      },
      {
        name: 'attach',
        summary: 'attach the terminal to a container in a slot',
        load: async () => (await import('./slots/attach.ts')).addAttachCommand,
      },
      {
        name: 'stop',
        summary: 'end the container of a slot',
        load: async () => (await import('./slots/stop.ts')).addStopCommand,
      },
      {
        name: 'restart',
        summary: 'start the container of a slot again',
        load: async () => (await import('./slots/restart.ts')).addRestartCommand,
      },
      {
        name: 'ps',
        summary: 'list the containers in slots',
        load: async () => (await import('./slots/ps.ts')).addPsCommand,
      },
    ],
  },
  {
    heading: 'Switches and databases:',
    commands: [
      {
        name: 'controller',
        summary: 'run the controller',
        load: async () => (await import('./controller.ts')).addControllerCommand,
      },
      {
        name: 'ofp',
        summary: 'talk OpenFlow to a switch, and read what others say',
        load: async () => (await import('./ofp/ofp.ts')).addOfpCommand,
      },
      {
        name: 'ovsdb',
        summary: 'read, follow and change an OVSDB database',
        load: async () => (await import('./ovsdb/ovsdb.ts')).addOvsdbCommand,
      },
    ],
  },
];
