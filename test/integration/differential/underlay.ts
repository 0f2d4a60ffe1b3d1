import type { Tunnel } from '../../../src/datapath/packet/tunnel.ts';
import type { OpenVSwitch } from '../../lab/openvswitch.ts';
import { decapsulated, type Encapsulation, encapsulated } from './encapsulation.ts';
import { POOLS } from './random-frames.ts';
import { Tap } from './tap.ts';
import type { UnixControl } from './unix-control.ts';

/** Where the tunnels of the switches that are compared end. */
export const TUNNEL_ADDRESS = '192.0.2.9';
const TUNNEL_ADDRESS6 = 'fd02::9';
const BRIDGE = 'br-phy';
const PORT = 'u1';
const MAC = '02:00:00:00:00:09';
const PEER_MAC = '02:00:00:00:00:99';

/** Tunnel ports by their numbers. */
export type TunnelPorts = Readonly<Record<number, Encapsulation>>;

/** What carries the tunnels of an ovs-vswitchd with dummies: a second bridge, with one port and the addresses. */
export class Underlay {
  readonly #control: UnixControl;
  readonly #tap: Tap;
  readonly #ports: TunnelPorts;

  /** Makes it, and the tunnel ports of a bridge. */
  static async start(
    ovs: OpenVSwitch,
    control: UnixControl,
    bridge: string,
    ports: TunnelPorts,
  ): Promise<Underlay> {
    const file = `${ovs.dir}/${PORT}.pcap`;
    const settings = ['datapath_type=dummy', 'fail_mode=secure', `other-config:hwaddr="${MAC}"`];
    await ovs.vsctl('add-br', BRIDGE, '--', 'set', 'bridge', BRIDGE, ...settings);
    const port = ['type=dummy', 'ofport_request=1', `options:tx_pcap=${file}`];
    await ovs.vsctl('add-port', BRIDGE, PORT, '--', 'set', 'interface', PORT, ...port);
    for (const [number, type] of Object.entries(ports)) {
      const options = ['options:remote_ip=flow', 'options:key=flow', `ofport_request=${number}`];
      const set = ['set', 'interface', `t${number}`, `type=${type}`, ...options];
      await ovs.vsctl('add-port', bridge, `t${number}`, '--', ...set);
    }
    await ovs.addFlows(BRIDGE, ['in_port=1,actions=LOCAL', 'in_port=LOCAL,actions=output:1']);
    await control.command('netdev-dummy/ip4addr', BRIDGE, `${TUNNEL_ADDRESS}/24`);
    await control.command('netdev-dummy/ip6addr', BRIDGE, `${TUNNEL_ADDRESS6}/64`);
    // All goes to one neighbour, whatever its address.
    for (const [network, gateway] of [
      ['0.0.0.0/0', POOLS.tunnel4[1]],
      ['::/0', POOLS.tunnel6[1]],
    ] as const) {
      await control.command('ovs/route/add', network, BRIDGE, gateway);
      await control.command('tnl/neigh/set', BRIDGE, gateway, PEER_MAC);
    }
    return new Underlay(control, new Tap(file), ports);
  }

  private constructor(control: UnixControl, tap: Tap, ports: TunnelPorts) {
    this.#control = control;
    this.#tap = tap;
    this.#ports = ports;
  }

  /** Lets a frame come in through a tunnel port. */
  async receive(port: number, frame: Uint8Array, tunnel: Tunnel): Promise<void> {
    const outer = encapsulated(this.#ports[port]!, frame, tunnel, MAC);
    await this.#control.commandAndTurn('netdev-dummy/receive', PORT, outer.toString('hex'));
  }

  /** What has left through tunnel ports, by their numbers. */
  read(): Record<number, string[]> {
    const sent: Record<number, string[]> = {};
    for (const outer of this.#tap.read()) {
      const [encapsulation, told] = decapsulated(Buffer.from(outer, 'hex'));
      for (const [port, type] of Object.entries(this.#ports)) {
        if (type !== encapsulation) continue;
        sent[Number(port)] ??= [];
        sent[Number(port)]!.push(told);
      }
    }
    return sent;
  }

  close(): void {
    this.#tap.close();
  }
}
