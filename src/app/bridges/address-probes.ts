import type { PacketOutInit } from '../../ofp/index.ts';
import { ArpOperation, encodeArp } from '../../packet/index.ts';
import type { SetTimer } from '../../util/timer.ts';
import type { ProbeResult } from '../dhcp/server.ts';
import { serverMac } from '../dhcp/server-mac.ts';
import type { Member } from '../hosts/host-view.ts';
import { floodGroup } from '../pipeline/compile.ts';
import { claimedAddresses } from './claimed-addresses.ts';
import type { PodPlan } from './pod-plan.ts';

/** A question that waits for an answer. */
interface Probe {
  readonly result: Promise<ProbeResult>;
  readonly end: (result: ProbeResult) => void;
}

/** How often it is asked, and how long an answer is waited for each time; a neighbour may be cold the first time. */
export const ATTEMPTS = 3;
export const ATTEMPT_MS = 150;
/** How many addresses are asked for at a time. */
export const MAX_PROBES = 256;

/**
 * Asks everybody in a pod but the one that an address is for whether they have it (RFC 5227, 2.1). Who has it answers
 * to the pod's DHCP server, and by that to the controller; who does not is silent.
 */
export class AddressProbes {
  readonly #send: (message: PacketOutInit) => void;
  readonly #setTimer: SetTimer;
  readonly #probes = new Map<string, Probe>();
  #isStopped = false;

  constructor(send: (message: PacketOutInit) => void, setTimer: SetTimer) {
    this.#send = send;
    this.#setTimer = setTimer;
  }

  /** Asks once, however many want to know at the same time, and nobody when databases know all. Never rejects. */
  ask(plan: PodPlan, member: Member, address: string): Promise<ProbeResult> {
    if (!hasUnknown(plan, member)) return Promise.resolve('free');
    const id = `${member.pod.key} ${address}`;
    const known = this.#probes.get(id);
    if (known !== undefined) return known.result;
    if (this.#isStopped || this.#probes.size >= MAX_PROBES) return Promise.resolve('unknown');
    let cancel = () => {};
    let resolve: (result: ProbeResult) => void = () => {};
    const result = new Promise<ProbeResult>((settle) => {
      resolve = settle;
    });
    const end = (outcome: ProbeResult) => {
      cancel();
      this.#probes.delete(id);
      resolve(outcome);
    };
    this.#probes.set(id, { result, end });
    const attempt = (left: number) => {
      if (left === 0) return end('free');
      this.#send(probe(member, address));
      cancel = this.#setTimer(() => attempt(left - 1), ATTEMPT_MS);
    };
    attempt(ATTEMPTS);
    return result;
  }

  /** Somebody in the pod says that an address is theirs, in whatever frame. */
  hear(key: number, frame: Uint8Array): void {
    if (this.#probes.size === 0) return;
    for (const address of claimedAddresses(frame)) this.#probes.get(`${key} ${address}`)?.end('taken');
  }

  stop(): void {
    this.#isStopped = true;
    for (const { end } of this.#probes.values()) end('unknown');
  }
}

/** Databases know the addresses of the other endpoints here, unless nothing is said of them. */
function hasUnknown({ members, peersByKey }: PodPlan, { pod: { key } }: Member): boolean {
  const hasPeers = (peersByKey.get(key) ?? []).length > 0;
  return hasPeers || members.some(({ pod, addresses }) => pod.key === key && addresses === undefined);
}

function probe({ ofport, pod: { key } }: Member, address: string): PacketOutInit {
  const data = encodeArp({
    ethDst: 'ff:ff:ff:ff:ff:ff',
    operation: ArpOperation.REQUEST,
    arpSha: serverMac(key),
    arpSpa: '0.0.0.0',
    arpTha: '00:00:00:00:00:00',
    arpTpa: address,
  });
  return { type: 'packetOut', inPort: ofport, actions: [{ type: 'group', groupId: floodGroup(key) }], data };
}
