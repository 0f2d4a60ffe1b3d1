import type { Tunnel } from '../../../src/datapath/packet/tunnel.ts';
import type { MessageInit } from '../../../src/ofp/message.ts';
import { isPortUp } from '../../../src/ofp/port.ts';
import { connectSwitch } from '../../../src/ofp/session/connect.ts';
import type { Switch } from '../../../src/ofp/session/switch.ts';
import { eventually } from '../../lab/index.ts';
import { OpenVSwitch } from '../../lab/openvswitch.ts';
import { Contender, type Outcome } from './contender.ts';
import { Tap } from './tap.ts';
import { type TunnelPorts, Underlay } from './underlay.ts';
import { UnixControl } from './unix-control.ts';

const BRIDGE = 'br0';

/** What a {@link DummySwitch} has besides its ports. */
export interface DummyOptions {
  /** Those of its ports that have no link. */
  readonly deadPortNos?: readonly number[];
  /** Ports more, which tunnels end at. */
  readonly tunnels?: TunnelPorts;
  /** The network namespace, whose routes tunnels take before their own. Default: that of this process. */
  readonly netns?: string;
}

/**
 * A real ovs-vswitchd with its dummy datapath: the userspace one, with ports that take frames as commands and write
 * those that leave into files. All that is between is what runs on users' machines.
 */
export class DummySwitch extends Contender {
  readonly #ovs: OpenVSwitch;
  readonly #control: UnixControl;
  readonly #taps: ReadonlyMap<number, Tap>;
  readonly #underlay: Underlay | undefined;

  static async start(
    dir: string,
    portNos: readonly number[],
    env: Record<string, string>,
    { deadPortNos = [], tunnels = {}, netns }: DummyOptions = {},
  ): Promise<DummySwitch> {
    const ovs = await OpenVSwitch.start({
      dir,
      env,
      hasDummies: true,
      ...(netns !== undefined && { netns }),
    });
    const bridge = [
      'set',
      'bridge',
      BRIDGE,
      'datapath_type=dummy',
      'fail_mode=secure',
      'protocols=OpenFlow13',
    ];
    await ovs.vsctl('add-br', BRIDGE, '--', ...bridge);
    const taps = new Map<number, Tap>();
    for (const port of portNos) {
      const file = `${dir}/p${port}.pcap`;
      const made = ['type=dummy', `ofport_request=${port}`, `options:tx_pcap=${file}`];
      await ovs.vsctl('add-port', BRIDGE, `p${port}`, '--', 'set', 'interface', `p${port}`, ...made);
      // This kind of port passes on what it should not without a link.
      if (!deadPortNos.includes(port)) taps.set(port, new Tap(file));
    }
    const control = await UnixControl.connect(`${dir}/ovs-vswitchd.ctl`);
    for (const port of deadPortNos) await control.command('netdev-dummy/set-admin-state', `p${port}`, 'down');
    // With it, what follows a check_pkt_larger in its list happens to a copy, and is counted twice.
    await control.command('dpif/set-dp-features', BRIDGE, 'check_pkt_len', 'false');
    const hasTunnels = Object.keys(tunnels).length > 0;
    const underlay = hasTunnels ? await Underlay.start(ovs, control, BRIDGE, tunnels) : undefined;
    // Nothing is to time out between two packets.
    await control.command('time/stop');
    const session = await connectSwitch(`unix:${ovs.mgmt(BRIDGE)}`);
    await eventually(() => deadPortNos.every((port) => !isPortUp(session.ports.get(port)!)));
    return new DummySwitch(session, ovs, control, taps, underlay);
  }

  private constructor(
    session: Switch,
    ovs: OpenVSwitch,
    control: UnixControl,
    taps: ReadonlyMap<number, Tap>,
    underlay: Underlay | undefined,
  ) {
    super(session);
    this.#ovs = ovs;
    this.#control = control;
    this.#taps = taps;
    this.#underlay = underlay;
  }

  async settle(): Promise<void> {
    await this.#control.command('revalidator/purge');
  }

  override async load(messages: readonly MessageInit[]): Promise<string[]> {
    await this.#control.command('fdb/flush', BRIDGE);
    return super.load(messages);
  }

  protected async receive(port: number, frame: Uint8Array, tunnel?: Tunnel): Promise<Outcome['sent']> {
    const text = Buffer.from(frame).toString('hex');
    if (tunnel === undefined) await this.#control.commandAndTurn('netdev-dummy/receive', `p${port}`, text);
    else await this.#underlay!.receive(port, frame, tunnel);
    return this.takeSent();
  }

  protected takeSent(): Outcome['sent'] {
    const sent: Record<number, readonly string[]> = this.#underlay?.read() ?? {};
    for (const [no, tap] of this.#taps) {
      const frames = tap.read();
      if (frames.length > 0) sent[no] = frames;
    }
    return sent;
  }

  async pass(seconds: number): Promise<void> {
    await this.settle();
    await this.#control.command('time/warp', String(seconds * 1000), '500');
    await this.settle();
  }

  /** What `ofproto/trace` says of a packet, for people. */
  async trace(port: number, frame: Uint8Array): Promise<string> {
    const traced = await this.#control.command(
      'ofproto/trace',
      BRIDGE,
      `in_port=${port}`,
      Buffer.from(frame).toString('hex'),
    );
    // A trace may send packets, too.
    await this.#control.commandAndTurn('version');
    this.takeSent();
    await this.session.barrier();
    return traced;
  }

  async close(): Promise<void> {
    for (const tap of this.#taps.values()) tap.close();
    this.#underlay?.close();
    await this.session.close();
    await this.#control.close();
    await this.#ovs.stop();
  }
}
