import type { FlowKey } from '../flow-key.ts';
import { VLAN_PRESENT } from '../match-key.ts';
import { demand } from './refusal.ts';

/** The packet type of what is left when the header that gave it has gone. */
const UNKNOWN_TYPE = 0xffffffff;
const UNKNOWN_ETHERTYPE = 0xffff;

/**
 * What is known of the packets where an action stands: what the match says, and how the actions before it changed
 * them. Only what prerequisites ask for is followed.
 */
export class PacketState {
  readonly key: FlowKey;
  /** True for actions that are done later, in the action set: most of them may need what is not known yet. */
  readonly isLater: boolean;
  /** The tag under the outermost one. */
  #innerTag = 0n;
  /** What does not fit, of the first action that does not. */
  #inconsistency: string | undefined;

  constructor(key: FlowKey, isLater = false) {
    this.key = key.clone();
    this.isLater = isLater;
  }

  /** Notes that an action does not fit the packets. */
  isInconsistent(sentence: string): void {
    this.#inconsistency ??= sentence;
  }

  /** @throws Refusal when an action did not fit */
  demandConsistency(): void {
    const sentence = this.#inconsistency;
    demand(sentence === undefined, 'OFPBAC_MATCH_INCONSISTENT', sentence ?? '');
  }

  /** The same packets, for actions that work on a copy. */
  clone(): PacketState {
    return this.#copy(this.isLater);
  }

  /** The same packets, for actions that go into the action set. */
  later(): PacketState {
    return this.#copy(true);
  }

  #copy(isLater: boolean): PacketState {
    const copy = new PacketState(this.key, isLater);
    copy.#innerTag = this.#innerTag;
    return copy;
  }

  get hasVlan(): boolean {
    return (this.key.value('vlanTci') & VLAN_PRESENT) !== 0n;
  }

  /** True when another tag would be one more than Open vSwitch follows. */
  get isFullOfTags(): boolean {
    return (this.#innerTag & VLAN_PRESENT) !== 0n;
  }

  /** Says that there is a tag, whatever its number. */
  markVlan(): void {
    this.key.setExact('vlanTci', this.key.value('vlanTci') | VLAN_PRESENT);
  }

  pushVlan(): void {
    this.#innerTag = this.key.value('vlanTci');
    this.key.setExact('vlanTci', VLAN_PRESENT);
  }

  popVlan(): void {
    if (!this.hasVlan) return;
    this.key.setExact('vlanTci', this.isFullOfTags ? this.#innerTag : 0n);
    this.#innerTag = 0n;
  }

  setVlanTci(tci: bigint): void {
    this.key.setExact('vlanTci', tci);
  }

  setEtherType(type: number): void {
    this.key.setExact('dlType', type);
  }

  /** Forgets the IP protocol: it stands where the new outermost header does not show it. */
  hideProtocol(): void {
    this.key.setExact('nwProto', 0);
  }

  setPacketType(type: number): void {
    this.key.setExact('packetType', type);
    if (type >>> 16 === 1) this.setEtherType(type & 0xffff);
  }

  /** Takes the outermost header off. */
  decapsulate(): void {
    if (this.key.value('packetType') === 0n) {
      this.key.setExact('packetType', 0x1_0000 + this.key.number('dlType'));
    } else {
      this.key.setExact('packetType', UNKNOWN_TYPE);
      this.setEtherType(UNKNOWN_ETHERTYPE);
    }
  }
}
