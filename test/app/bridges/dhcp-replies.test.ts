import { afterEach, describe, expect, it } from '@jest/globals';
import { DhcpServer } from '../../../src/app/dhcp/server.ts';
import { parseDhcpSubnet } from '../../../src/app/dhcp/subnet.ts';
import { parsePod } from '../../../src/app/hosts/pod.ts';
import { DhcpOption, DhcpPort, DhcpType, encodeDhcp, encodeUdp } from '../../../src/packet/index.ts';
import { silentLog } from '../../../src/util/log.ts';
import { closeSessions } from '../soft-session.ts';
import { MAC, planOf, startBridge } from '../start-pod-bridge.ts';

afterEach(closeSessions);

const IP = '10.0.0.9';

describe('the reply to a client that was granted an address', () => {
  /** A plan of one client, at the first port. */
  const planWith = (name: string, pod: string, ips: readonly string[]) => {
    const addresses = { mac: MAC, ips, isDynamic: true };
    return {
      ...planOf([]),
      subnets: new Map([[parsePod('7').key, parseDhcpSubnet('subnet=10.0.0.0/24')]]),
      members: [{ interface: name, ofport: 1, pod: parsePod(pod), addresses }],
    };
  };

  /** What leaves through the port when the address has been recorded and another plan come true. */
  async function replies(next: ReturnType<typeof planWith>): Promise<readonly string[]> {
    let record = () => {};
    const recorded = new Promise<void>((resolve) => {
      record = resolve;
    });
    const dhcp = new DhcpServer({
      ownerOf: () => undefined,
      record: () => recorded,
      now: () => 0,
      log: silentLog,
    });
    const { soft, update, frame } = await startBridge(planWith('if1', '7', []), undefined, undefined, {
      services: { dhcp, recordConflicts: () => {} },
    });
    await frame(1, Buffer.from(requestOf(MAC, IP)).toString('hex'));
    await update(next);
    soft.left(1);
    record();
    await recorded;
    await soft.idle();
    return soft.left(1);
  }

  it('is sent when it has the address', async () => {
    expect(await replies(planWith('if1', '7', [IP]))).toHaveLength(1);
  });

  it('is not sent to whoever has its port by then', async () => {
    expect(await replies(planWith('if2', '7', [IP]))).toEqual([]);
  });

  it('is not sent into another pod', async () => {
    expect(await replies(planWith('if1', '8', [IP]))).toEqual([]);
  });
});

/** A client's request for an address. */
function requestOf(chaddr: string, wanted: string): Uint8Array {
  const none = '0.0.0.0';
  const options = new Map([
    [DhcpOption.MESSAGE_TYPE, Uint8Array.of(DhcpType.REQUEST)],
    [DhcpOption.REQUESTED_ADDRESS, Uint8Array.from(wanted.split('.').map(Number))],
  ]);
  const addresses = { ciaddr: none, yiaddr: none, siaddr: none, giaddr: none, chaddr };
  return encodeUdp({
    ethSrc: chaddr,
    ethDst: 'ff:ff:ff:ff:ff:ff',
    ipv4Src: none,
    ipv4Dst: '255.255.255.255',
    udpSrc: DhcpPort.CLIENT,
    udpDst: DhcpPort.SERVER,
    data: encodeDhcp({ op: 1, xid: 7, secs: 0, flags: 0, ...addresses, options }),
  });
}
