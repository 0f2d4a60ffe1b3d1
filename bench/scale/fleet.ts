import { connect } from 'node:net';
import { SoftSwitch } from 'galago/datapath';
import { OvsdbTestServer } from 'galago/ovsdb';
import { openVswitch } from 'galago/ovsdb/schemas';

/** How many hosts a pod is on. */
export const HOSTS_OF_POD = 4;
/** The tunnel keys of pods that are called by a name begin beyond those of pods that are called by a number. */
const FIRST_KEY = 0x20000;
const TUNNEL_OFPORT = 1;

/** A host: a database with endpoints in it, and a switch. */
interface FleetHost {
  readonly db: OvsdbTestServer<typeof openVswitch.json>;
  readonly method: string;
  readonly sw: SoftSwitch;
}

/** Which hosts of all. */
export interface FleetSlice {
  readonly first: number;
  readonly hosts: number;
  /** Of each host. */
  readonly endpoints: number;
}

/** Many hosts without anything behind them; each pod has one endpoint on each of four neighbours. */
export class Fleet {
  readonly #hosts: readonly FleetHost[];
  readonly #slice: FleetSlice;

  static async start(slice: FleetSlice): Promise<Fleet> {
    const { first, hosts, endpoints } = slice;
    const made: FleetHost[] = [];
    for (let host = first; host < first + hosts; host++) {
      const db = new OvsdbTestServer(openVswitch);
      db.transact(rowsOf(host, endpoints));
      const ports = Array.from({ length: endpoints + 1 }, (_, i) => ({ portNo: i + 1 }));
      const sw = new SoftSwitch({ datapathId: host + 1, ports });
      made.push({ db, method: await db.listen('ptcp:0:127.0.0.1'), sw });
    }
    return new Fleet(made, slice);
  }

  private constructor(hosts: readonly FleetHost[], slice: FleetSlice) {
    this.#hosts = hosts;
    this.#slice = slice;
  }

  /** Where a controller calls the databases. */
  get databases(): readonly string[] {
    return this.#hosts.map(({ method }) => method);
  }

  /** Flows of all switches. */
  get flows(): number {
    const tables = this.#hosts.flatMap(({ sw }) => sw.pipeline.tables.tables);
    return tables.reduce((sum, { size }) => sum + size, 0);
  }

  /** Has every switch call the controller, again and again, as Open vSwitch does. */
  call(port: number): void {
    for (const { sw } of this.#hosts) callFrom(sw, port);
  }

  /** Takes an endpoint out of its pod, or puts it back: its host's neighbours hear of that too. */
  setMember(host: number, endpoint: number, isMember: boolean): void {
    const { first, endpoints } = this.#slice;
    const external_ids = isMember ? labelsOf(host, endpoint, endpoints) : NO_LABELS;
    this.#hosts[host - first]!.db.transact([
      { op: 'update', table: 'Interface', where: [['name', '==', `if${endpoint}`]], row: { external_ids } },
    ]);
  }
}

/** Whether the controller is too slow is for it to say. */
const HELLO_TIMEOUT_MS = 600_000;
const CALL_AGAIN_MS = 1000;

function callFrom(sw: SoftSwitch, port: number): void {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.once('close', () => setTimeout(() => callFrom(sw, port), CALL_AGAIN_MS));
  sw.connect(socket, { helloTimeoutMs: HELLO_TIMEOUT_MS });
}

const NO_LABELS = ['map', []] as const;

function labelsOf(host: number, endpoint: number, endpoints: number) {
  const pod = Math.floor(host / HOSTS_OF_POD) * endpoints + endpoint;
  const entries = [
    ['galago-pod', `p${pod}`],
    ['galago-key', `${FIRST_KEY + pod}`],
  ] as const;
  return ['map', entries] as const;
}

function rowsOf(host: number, endpoints: number) {
  const interfaces = Array.from({ length: endpoints }, (_, endpoint) => {
    const ofport = TUNNEL_OFPORT + 1 + endpoint;
    return { name: `if${endpoint}`, ofport, external_ids: labelsOf(host, endpoint, endpoints) };
  });
  const flow = [
    ['remote_ip', 'flow'],
    ['key', 'flow'],
  ];
  const tunnel = { name: 'vxlan0', type: 'vxlan', ofport: TUNNEL_OFPORT, options: ['map', flow] };
  const all = [tunnel, ...interfaces];
  const named = (table: string, i: number) => ['named-uuid', `${table}${i}`];
  const address = `10.${(host >> 16) & 0xff}.${(host >> 8) & 0xff}.${host & 0xff}`;
  return [
    ...all.map((row, i) => ({ op: 'insert', table: 'Interface', row, 'uuid-name': `iface${i}` })),
    ...all.map(({ name }, i) => {
      return {
        op: 'insert',
        table: 'Port',
        row: { name, interfaces: named('iface', i) },
        'uuid-name': `port${i}`,
      };
    }),
    {
      op: 'insert',
      table: 'Bridge',
      row: {
        name: 'br-int',
        fail_mode: 'secure',
        datapath_id: (host + 1).toString(16).padStart(16, '0'),
        ports: ['set', all.map((_, i) => named('port', i))],
      },
      'uuid-name': 'bridge',
    },
    {
      op: 'insert',
      table: 'Open_vSwitch',
      row: { bridges: ['named-uuid', 'bridge'], external_ids: ['map', [['galago-local-ip', address]]] },
    },
  ];
}
