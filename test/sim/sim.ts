import { Controller, type ControllerOptions } from '../../src/app/index.ts';
import { Table } from '../../src/app/pipeline/tables.ts';
import { SoftNetwork } from '../../src/datapath/index.ts';
import { eventually } from '../lab/eventually.ts';
import { SimHost, type SimHostOptions } from './sim-host.ts';

/**
 * Hosts, their switches and the underlay between them, all in this process: a lab that needs neither root nor Open
 * vSwitch. Controllers find real OpenFlow and OVSDB, over TCP on loopback.
 */
export class Sim implements AsyncDisposable {
  readonly network = new SoftNetwork();
  readonly hosts: SimHost[] = [];
  #controller: Controller | undefined;

  async addHost(options: SimHostOptions): Promise<SimHost> {
    const host = await SimHost.create(this.network, this.hosts.length + 1, options);
    this.hosts.push(host);
    return host;
  }

  /** Starts the one controller of all hosts that are there. */
  async startController(options: Partial<ControllerOptions> = {}): Promise<Controller> {
    const ovsdb = await Promise.all(this.hosts.map(({ db }) => db.listen('ptcp:0:127.0.0.1')));
    const controller = new Controller({ openflow: ['ptcp:0:127.0.0.1'], ovsdb, ...options });
    this.#controller = controller;
    await controller.start();
    const target = controller.listening[0]!.replace('ptcp:', '').split(':');
    await Promise.all(this.hosts.map((host) => host.setController(`tcp:${target[1]}:${target[0]}`)));
    return controller;
  }

  /** Ends the controller; switches keep their flows. */
  async stopController(): Promise<void> {
    await this.#controller?.close();
    this.#controller = undefined;
  }

  /**
   * Resolves when every switch that runs has what follows from what the databases say, and nothing is under way.
   * @throws TimeoutError `LAB_WAIT_TIMEOUT`
   */
  async settled(): Promise<void> {
    await eventually(() => this.#isRealised(), { what: 'what the databases say', intervalMs: 1 });
    await this.#controller?.settled();
    await this.network.idle();
  }

  async close(): Promise<void> {
    await this.stopController();
    await Promise.all(this.hosts.map((host) => host.close()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #isRealised(): boolean {
    const states = new Map(this.#controller?.state().map((state) => [state.switch, state]));
    const running = this.hosts.filter(({ sw }) => sw.isRunning);
    const keys = new Map(
      this.hosts.map((host) => [host, states.get(host.datapathId)?.members.map(({ key }) => key) ?? []]),
    );
    return running.every((host) => {
      const known = states.get(host.datapathId)?.members ?? [];
      const members = known.map((member) => `${member.interface} ${member.port} ${member.pod}`);
      const peers = this.hosts
        .filter((peer) => peer !== host)
        .flatMap((peer) => keys.get(peer)!.map((key) => `${key} ${peer.ip}`))
        .filter((peer) => keys.get(host)!.some((key) => peer.startsWith(`${key} `)));
      return isSame(members, labelled(host)) && isSame(acceptedPeers(host), peers);
    });
  }
}

/** The interfaces of a host that are open and have a label. */
function labelled({ db }: SimHost): string[] {
  return db.rows('Interface').flatMap(({ name, ofport, external_ids }) => {
    const pod = external_ids.get('galago-pod');
    return pod === undefined || (ofport ?? 0) <= 0 ? [] : [`${name} ${ofport} ${pod}`];
  });
}

/** The keys and hosts whose tunnel frames a host's switch takes. */
function acceptedPeers({ sw }: SimHost): string[] {
  const flows = [...sw.pipeline.tables.tables[Table.CLASSIFY]!.flows.rules()];
  return flows.flatMap(({ matchFields: { tunnelId, tunIpv4Src, tunIpv6Src } }) =>
    [tunIpv4Src, tunIpv6Src].flatMap((peer) => (peer === undefined ? [] : [`${tunnelId} ${peer}`])),
  );
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  const [left, right] = [new Set(a), new Set(b)];
  return left.size === right.size && [...left].every((one) => right.has(one));
}
