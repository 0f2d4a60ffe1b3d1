import type { Log } from '../../util/log.ts';
import type { SetTimer } from '../../util/timer.ts';
import type { AddressConflict, EventSink } from '../events.ts';
import type { Member } from '../hosts/host-view.ts';

/** What {@link AddressConflicts} works with. */
export interface AddressConflictsOptions {
  /** The switch's name, in events. */
  readonly switch: string;
  readonly onEvent: EventSink;
  readonly log: Log;
  /** Tells the other hosts that an endpoint has its addresses here. */
  readonly defend: (member: Member) => void;
  /** Writes what interfaces are in conflict about to their host's database; undefined for nothing. */
  readonly record: (notes: ReadonlyMap<string, string | undefined>) => void;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
  readonly setTimer: SetTimer;
}

/** An address that an endpoint here and one on another host have. */
interface Conflict {
  readonly member: Member;
  readonly address: string;
  readonly peer: string;
  /** When the other one was heard of last. */
  heardAtMs: number;
}

/** How often addresses are defended while there is a conflict about them (RFC 5227, 2.4, asks for 10 s at least). */
export const DEFEND_INTERVAL_MS = 20_000;
/** How long after the other one was heard of last a conflict is over; its host defends it as well, as long as it is. */
export const FORGET_MS = 3 * DEFEND_INTERVAL_MS;
/** How many are told of at a time; an endpoint may be in conflict with several hosts. */
const MAX_CONFLICTS = 256;

/**
 * The addresses of endpoints here that another host has as well (RFC 5227, 2.4). Each conflict is told once, and once
 * when it is over. The other host is answered when it begins, so that it hears of it too, and from then on until
 * neither is heard of by the other.
 */
export class AddressConflicts {
  readonly #options: AddressConflictsOptions;
  readonly #conflicts = new Map<string, Conflict>();
  #cancel = () => {};

  constructor(options: AddressConflictsOptions) {
    this.#options = options;
  }

  /** Another host has an address of an endpoint here. */
  hear(member: Member, address: string, peer: string): void {
    const { now, log, defend } = this.#options;
    const id = `${member.interface} ${peer}`;
    const known = this.#conflicts.get(id);
    if (known !== undefined) {
      known.heardAtMs = now();
      return;
    }
    if (this.#conflicts.size >= MAX_CONFLICTS)
      return log.debug({ address, peer }, 'no room for another address conflict');
    const conflict = { member, address, peer, heardAtMs: now() };
    this.#conflicts.set(id, conflict);
    const fields = { switch: this.#options.switch, ...fieldsOf(conflict) };
    const message = `${textOf(conflict)}: disconnect one of them`;
    log.warn({ ...fields, code: 'POD_ADDRESS_CONFLICT' }, message);
    this.#options.onEvent({ type: 'addressConflict', ...fields });
    this.#record([member]);
    defend(member);
    if (this.#conflicts.size === 1) this.#lookLater();
  }

  /** The endpoints are these now; what was written about those that are new is from before. */
  follow(members: readonly Member[], added: readonly Member[]): void {
    if (added.length > 0) this.#record(added);
    if (this.#conflicts.size === 0) return;
    const byInterface = new Map(members.map((member) => [member.interface, member]));
    for (const [id, conflict] of this.#conflicts) {
      const member = byInterface.get(conflict.member.interface);
      if (member !== undefined && hasAddress(member, conflict))
        this.#conflicts.set(id, { ...conflict, member });
      else this.#end(id, conflict);
    }
  }

  /** Those that there are. */
  state(): readonly Omit<AddressConflict, 'switch'>[] {
    return [...this.#conflicts.values()].map(fieldsOf);
  }

  stop(): void {
    this.#cancel();
  }

  #lookLater(): void {
    this.#cancel = this.#options.setTimer(() => {
      const defended = new Map<string, Member>();
      for (const [id, conflict] of this.#conflicts) {
        if (this.#options.now() - conflict.heardAtMs >= FORGET_MS) this.#end(id, conflict);
        else defended.set(conflict.member.interface, conflict.member);
      }
      for (const member of defended.values()) this.#options.defend(member);
      if (defended.size > 0) this.#lookLater();
    }, DEFEND_INTERVAL_MS);
  }

  #end(id: string, conflict: Conflict): void {
    this.#conflicts.delete(id);
    if (this.#conflicts.size === 0) this.#cancel();
    const fields = { switch: this.#options.switch, ...fieldsOf(conflict) };
    this.#options.log.info(fields, `no longer: ${textOf(conflict)}`);
    this.#options.onEvent({ type: 'addressConflictOver', ...fields });
    this.#record([conflict.member]);
  }

  #record(members: readonly Member[]): void {
    const all = [...this.#conflicts.values()];
    const noteOf = ({ interface: name }: Member) =>
      all.flatMap(({ member, address, peer }) => (member.interface === name ? `${address} ${peer}` : []));
    this.#options.record(
      new Map(members.map((member) => [member.interface, noteOf(member).join(',') || undefined])),
    );
  }
}

function fieldsOf({ member, address, peer }: Conflict): Omit<AddressConflict, 'switch'> {
  return { interface: member.interface, pod: member.pod.name, address, peer };
}

function hasAddress({ pod, addresses }: Member, { member, address }: Conflict): boolean {
  return (
    pod.key === member.pod.key && (addresses?.mac === address || addresses?.ips.includes(address) === true)
  );
}

function textOf({ member, address, peer }: Conflict): string {
  return `${address} of ${member.interface} in pod '${member.pod.name}' is in use on the host at ${peer} as well`;
}
