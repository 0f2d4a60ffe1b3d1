import type { EventSink, Membership } from '../events.ts';
import type { Member } from '../hosts/host-view.ts';
import type { Location } from '../pipeline/intent.ts';
import type { MacEntry, Seen } from './mac-table.ts';
import { type Places, seenAt } from './pod-plan.ts';

/** An address and where it is. */
export type Sighting = Omit<MacEntry<Location>, 'seenAtMs'>;

/** Tells of what happens on one bridge that carries pods. */
export class PodEvents {
  readonly #switch: string;
  readonly #onEvent: EventSink;

  constructor(switchName: string, onEvent: EventSink) {
    this.#switch = switchName;
    this.#onEvent = onEvent;
  }

  /** An address was seen at a place, for the first time or instead of another one. */
  seen(seen: Seen<Location>, sighting: Sighting, places: Places): void {
    const endpoint = this.#endpoint(sighting, places);
    if (seen.type === 'moved') this.#onEvent({ type: 'endpointMoved', ...endpoint, from: seenAt(seen.from) });
    else this.#onEvent({ type: 'endpointLearnt', ...endpoint });
  }

  /** An address has not been seen for long, or its place is gone. */
  aged(sighting: Sighting, places: Places): void {
    this.#onEvent({ type: 'endpointAged', ...this.#endpoint(sighting, places) });
  }

  /** Tells who has come and who has left. @returns those that have come, or are not what they were */
  members(before: readonly Member[], after: readonly Member[]): readonly Member[] {
    const stays = new Set(before);
    const is = new Set(after);
    const gone = before.filter((member) => !is.has(member));
    const left = new Map(gone.map((member) => [memberId(member), member]));
    const come = after.filter((member) => !stays.has(member) && !left.delete(memberId(member)));
    for (const member of come) this.#onEvent({ type: 'podJoined', ...this.#membership(member) });
    for (const member of left.values()) this.#onEvent({ type: 'podLeft', ...this.#membership(member) });
    return come;
  }

  #endpoint({ domain, mac, location }: Sighting, places: Places) {
    return { switch: this.#switch, domain: places.podName(domain), mac, at: seenAt(location) };
  }

  #membership(member: Member): Membership {
    return { switch: this.#switch, ...membershipOf(member) };
  }
}

/** A member, as events tell it. */
export function membershipOf({
  interface: name,
  ofport,
  pod,
  addresses,
}: Member): Omit<Membership, 'switch'> {
  return { interface: name, port: ofport, pod: pod.name, key: pod.key, ...addresses };
}

function memberId({ interface: name, ofport, pod, addresses }: Member): string {
  return JSON.stringify([name, ofport, pod.key, addresses]);
}
