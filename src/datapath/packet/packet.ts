import type { Place } from '../../ofp/text/flow-key.ts';
import { EthType } from '../../packet/ethernet.ts';
import {
  ABSENT,
  emptyHeaders,
  type FrameHeaders,
  IpProtocol,
  locateHeaders,
  read16,
  read32,
  write16,
  write32,
} from '../../packet/headers.ts';
import { clearTracked } from '../connections/connection-words.ts';
import type { Tracked } from '../connections/conntrack.ts';
import { extractFields, extractPayload, VLAN_PRESENT, writeLabel } from './extract.ts';
import {
  chunksOf,
  copyBits,
  emptyWords,
  type FlowWords,
  type MaskedChunks,
  OPTION_BITS,
  OPTION_COUNT,
  readBits,
  WORD_OF,
  type WordRun,
  writeBits,
  writeChunks,
} from './layout.ts';
import { isMplsType } from './prerequisite.ts';
import { isInFrame, storePlace } from './store.ts';
import { setOption } from './tunnel-options.ts';

/** OFPP_UNSET: no output in the action set yet. */
const UNSET_PORT = 0xfffffff7;
const IPV6_EXPLICIT_NULL = 2;
const DEFAULT_TTL = 64;
const FIN_OR_RST = 0x005;
/** The `recirc_id` of packets that come in anew: flows can only ask whether it is 0. */
const RECIRCULATED = 1;
const BOTTOM = 0x100;
const TAG_OFFSET = 12;
const TAG_SIZE = 4;
const LABEL_SIZE = 4;
const LABEL_PLACES: ReadonlySet<Place> = new Set<Place>(['mplsLabel', 'mplsTc', 'mplsBos', 'mplsTtl']);
/** How many labels are followed, as in Open vSwitch. */
const MAX_LABELS = 3;

/**
 * A packet on its way through the switch: its bytes, and its fields as words. What is written into a field is in the
 * bytes at once, checksums included. Bytes are copied when they are first written to, and again after {@link share}.
 */
export class Packet {
  readonly words: FlowWords;
  readonly headers: FrameHeaders;
  /** What the tracker has said of it last, also where its words do not say so any more. */
  tracked: Tracked | undefined;
  /** True when its labels are gone: what was under them is looked at when it comes in anew. */
  hasLostLabels = false;
  #bytes: Uint8Array;
  #isShared = true;
  /** True when what follows is taken for a label of zeros that is not there: it is put there once it says anything. */
  #hasGhostLabel = false;
  /** How many tags the bytes have, of those that are followed. */
  #tags = 0;
  /** The TPIDs of the outermost tag and the next, also while there is none: one that comes back is of the same. */
  #tpid = 0;
  #innerTpid = 0;

  /** Takes a frame as it came in through a port. */
  static receive(frame: Uint8Array, inPort: number): Packet {
    const packet = new Packet(frame, emptyWords(), emptyHeaders());
    packet.receive(frame, inPort);
    return packet;
  }

  /** Becomes another packet: a frame as it came in through a port. */
  receive(frame: Uint8Array, inPort: number): void {
    this.#bytes = frame;
    this.#isShared = true;
    this.tracked = undefined;
    this.hasLostLabels = false;
    const { words } = this;
    words.fill(0, 0, WORD_OF.tunOptionsPresent);
    // Few packets have tunnel options, which take as many words as all else.
    if (words[WORD_OF.tunOptionsPresent] !== 0 || words[WORD_OF.tunOptionsPresent + 1] !== 0)
      words.fill(0, WORD_OF.tunOptionsPresent);
    this.words[WORD_OF.inPort] = inPort;
    this.words[WORD_OF.actsetOutput] = UNSET_PORT;
    this.#parse();
  }

  private constructor(bytes: Uint8Array, words: FlowWords, headers: FrameHeaders) {
    this.#bytes = bytes;
    this.words = words;
    this.headers = headers;
  }

  /** The frame as it is now: not to be kept, for it changes. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** The frame as it is now, to keep. */
  share(): Uint8Array {
    this.#isShared = true;
    return this.#bytes;
  }

  /** A packet that is the same, and goes its own way. */
  clone(): Packet {
    this.#isShared = true;
    const copy = new Packet(this.#bytes, this.words.slice(), { ...this.headers });
    copy.tracked = this.tracked;
    copy.hasLostLabels = this.hasLostLabels;
    copy.#tags = this.#tags;
    copy.#hasGhostLabel = this.#hasGhostLabel;
    copy.#tpid = this.#tpid;
    copy.#innerTpid = this.#innerTpid;
    return copy;
  }

  /** Becomes one that comes in anew: a flow with `recirc_id=0` takes it no more. */
  recirculate(): void {
    this.words[WORD_OF.recircId] = RECIRCULATED;
    this.hasLostLabels = false;
  }

  /** True for a TCP segment with FIN or RST. */
  get endsConnection(): boolean {
    const { words } = this;
    return words[WORD_OF.nwProto] === IpProtocol.TCP && (words[WORD_OF.tcpFlags]! & FIN_OR_RST) !== 0;
  }

  /** Writes a value into a run of bits. */
  write(run: WordRun, value: bigint): void {
    this.writeChunks(run, chunksOf(value, run.bits));
  }

  /** As {@link write}, of a number that has been cut up before. */
  writeChunks(run: WordRun, chunks: readonly number[]): void {
    writeChunks(this.words, run, chunks);
    this.#written(run);
  }

  /** As {@link write}, for runs of up to 32 bits. */
  writeNumber(run: WordRun, value: number): void {
    writeBits(this.words, run, 0, run.bits, value);
    this.#written(run);
  }

  /** As {@link writeChunks}, of the bits that `mask` sets. */
  writeMasked(run: WordRun, { value, mask }: MaskedChunks): void {
    const { words } = this;
    for (let i = 0; i < mask.length; i++) {
      const bits = Math.min(32, run.bits - i * 32);
      const kept = readBits(words, run, i * 32, bits) & ~mask[i]!;
      writeBits(words, run, i * 32, bits, kept | (value[i]! & mask[i]!));
    }
    this.#written(run);
  }

  /** Copies bits of the packet's own words. */
  move(from: WordRun, to: WordRun): void {
    copyBits(this.words, from, this.words, to);
    this.#written(to);
  }

  /**
   * Puts a tag of VLAN 0 and priority 0 before all others. As in Open vSwitch, the packet is what it was otherwise: two
   * tags are followed, the rest of a packet that comes with two is not looked at.
   */
  pushVlan(tpid: number): void {
    const { words } = this;
    words[WORD_OF.innerTci] = words[WORD_OF.vlanTci]!;
    words[WORD_OF.vlanTci] = VLAN_PRESENT;
    this.#innerTpid = this.#tpid;
    this.#tpid = tpid;
    this.#storeTags();
  }

  /** Takes the outermost tag off, where there is one. */
  popVlan(): void {
    const { words } = this;
    if ((words[WORD_OF.vlanTci]! & VLAN_PRESENT) === 0) return;
    const hasInner = (words[WORD_OF.innerTci]! & VLAN_PRESENT) !== 0;
    words[WORD_OF.vlanTci] = hasInner ? words[WORD_OF.innerTci]! : 0;
    if (hasInner) words[WORD_OF.innerTci] = 0;
    this.#tpid = hasInner ? this.#innerTpid : 0;
    this.#storeTags();
  }

  /** Takes tags off that say neither a VLAN nor a priority, and those that are in such a tag. */
  popEmptyTags(): void {
    const { words } = this;
    for (const word of [WORD_OF.vlanTci, WORD_OF.innerTci]) if (words[word] === VLAN_PRESENT) words[word] = 0;
    this.#storeTags();
  }

  /**
   * Puts a label before what follows the tags: a copy of the outermost one, else with the TTL of the IP packet
   * (OpenFlow 1.3.5, 5.12).
   * @returns false, doing nothing, when there are as many labels as are followed
   */
  pushMpls(ethType: number): boolean {
    const { words, headers } = this;
    const labels = this.#countLabels();
    if (labels >= MAX_LABELS) return false;
    // Behind the type, also where what follows it is cut short.
    if (headers.l3 === ABSENT) headers.l3 = TAG_OFFSET + this.#tags * TAG_SIZE + 2;
    const entry = labels === 0 ? this.#firstLabel() : read32(this.#bytes, headers.l3) & ~BOTTOM;
    this.#insert(headers.l3, 4);
    write32(this.#bytes, headers.l3, entry);
    this.#hasGhostLabel = false;
    this.#setType(ethType);
    headers.end += 4;
    headers.l4 = ABSENT;
    extractPayload(this.#bytes, headers, words);
    return true;
  }

  /**
   * Takes the outermost label off; what follows is of the type that is given. When that is none of MPLS, all labels go,
   * as in Open vSwitch.
   * @returns false, doing nothing, when there are more labels than are followed
   */
  popMpls(ethType: number): boolean {
    const labels = this.#countLabels();
    if (labels === 0) return true;
    if (labels === MAX_LABELS && (this.words[WORD_OF.mplsLse2]! & BOTTOM) === 0) return false;
    this.#remove(this.headers.l3, isMplsType(ethType) ? LABEL_SIZE : LABEL_SIZE * labels);
    this.#setType(ethType);
    if (!isMplsType(ethType)) {
      this.words.fill(0, WORD_OF.dlSrc, WORD_OF.tunOptionsPresent);
      this.#parse();
      this.hasLostLabels = true;
    } else {
      this.headers.end -= LABEL_SIZE;
      const { words } = this;
      writeLabel(words, words[WORD_OF.mplsLse1]!);
      words[WORD_OF.mplsLse1] = words[WORD_OF.mplsLse2]!;
      words[WORD_OF.mplsLse2] = 0;
      // Under the last label nothing is known to be one.
      this.#hasGhostLabel = this.#countLabels() === 0;
    }
    return true;
  }

  /** Counts a TTL down. @returns false, leaving it, when it would not survive */
  decrement(place: 'nwTtl' | 'mplsTtl'): boolean {
    const ttl = this.words[WORD_OF[place]]!;
    if (ttl <= 1) return false;
    this.setTtl(place, ttl - 1);
    return true;
  }

  setTtl(place: 'nwTtl' | 'mplsTtl', ttl: number): void {
    this.words[WORD_OF[place]] = ttl;
    this.#store(place);
  }

  /** Makes the packet one of which the tracker has said nothing, where its words say that it has. */
  forgetConnection(): void {
    if (this.words[WORD_OF.ctState] === 0) return;
    clearTracked(this.words);
    this.tracked = undefined;
  }

  /** How many labels are followed: up to the one at the bottom, or else those that say anything. */
  #countLabels(): number {
    const { words, headers } = this;
    if (!isMplsType(headers.ethType)) return 0;
    if (words[WORD_OF.mplsBos] !== 0) return 1;
    if ((words[WORD_OF.mplsLse1]! & BOTTOM) !== 0) return 2;
    if ((words[WORD_OF.mplsLse2]! & BOTTOM) !== 0) return MAX_LABELS;
    return [this.#outermostLabel(), words[WORD_OF.mplsLse1], words[WORD_OF.mplsLse2]].filter(
      (label) => label !== 0,
    ).length;
  }

  /** Zero when nothing is said in the outermost label. */
  #outermostLabel(): number {
    const { words } = this;
    return (
      words[WORD_OF.mplsLabel]! | words[WORD_OF.mplsTc]! | words[WORD_OF.mplsBos]! | words[WORD_OF.mplsTtl]!
    );
  }

  #setType(ethType: number): void {
    write16(this.#bytes, TAG_OFFSET + this.#tags * TAG_SIZE, ethType);
    this.headers.ethType = ethType;
  }

  #firstLabel(): number {
    const { ethType } = this.headers;
    const isIp = ethType === EthType.IPV4 || ethType === EthType.IPV6;
    const label = ethType === EthType.IPV6 ? IPV6_EXPLICIT_NULL : 0;
    const trafficClass = isIp ? (this.words[WORD_OF.nwTos]! >>> 2) & 7 : 0;
    const ttl = isIp ? this.words[WORD_OF.nwTtl]! || DEFAULT_TTL : DEFAULT_TTL;
    return (label << 12) | (trafficClass << 9) | BOTTOM | ttl;
  }

  #parse(): void {
    extractFields(this.#bytes, locateHeaders(this.#bytes, this.headers), this.words);
    this.#hasGhostLabel = isMplsType(this.headers.ethType) && this.#countLabels() === 0;
    this.#tags = this.headers.tag === ABSENT ? 0 : 1;
    this.#tpid = this.#tags === 0 ? 0 : read16(this.#bytes, TAG_OFFSET);
  }

  #written(run: WordRun): void {
    if (run.place !== 'tunOptions') return this.#store(run.place);
    const index = OPTION_COUNT - 1 - Math.floor(run.start / OPTION_BITS);
    setOption(this.words, index, this.words[WORD_OF.tunOptions + index]!);
  }

  #store(place: Place): void {
    if (place === 'vlanTci') return this.#storeTags();
    if (!isInFrame(place)) return;
    if (isMplsType(this.headers.ethType) && LABEL_PLACES.has(place)) {
      this.#storePresence();
      if (this.#hasGhostLabel) return;
    }
    // An ARP operation has twice the bits of the place that it is kept in.
    if (place === 'nwProto') this.words[WORD_OF.nwProto]! &= 0xff;
    this.#own();
    storePlace(place, this.#bytes, this.headers, this.words);
  }

  /** Puts a label there once it says anything, and takes it away when it, the only one, says nothing any more. */
  #storePresence(): void {
    const { headers } = this;
    if (headers.l3 === ABSENT || this.#hasGhostLabel === (this.#countLabels() === 0)) return;
    this.#hasGhostLabel = !this.#hasGhostLabel;
    const size = this.#hasGhostLabel ? -LABEL_SIZE : LABEL_SIZE;
    if (size > 0) this.#insert(headers.l3, size);
    else this.#remove(headers.l3, -size);
    headers.end += size;
  }

  /** Makes the tags follow the words: each is there as long as its word, and that of the tag around it, says so. */
  #storeTags(): void {
    const { words, headers } = this;
    const tci = words[WORD_OF.vlanTci]!;
    const inner = words[WORD_OF.innerTci]!;
    const isThere = (tci & VLAN_PRESENT) !== 0;
    const tags = isThere ? ((inner & VLAN_PRESENT) !== 0 ? 2 : 1) : 0;
    const size = (tags - this.#tags) * TAG_SIZE;
    if (size > 0) this.#insert(TAG_OFFSET, size);
    else if (size < 0) this.#remove(TAG_OFFSET, -size);
    else this.#own();
    moveHeaders(headers, size);
    headers.tag = isThere ? TAG_OFFSET : ABSENT;
    this.#tags = tags;
    if (tags === 0) return;
    this.#tpid ||= EthType.VLAN;
    write16(this.#bytes, TAG_OFFSET, this.#tpid);
    write16(this.#bytes, TAG_OFFSET + 2, tci & ~VLAN_PRESENT);
    if (tags === 1) return;
    write16(this.#bytes, TAG_OFFSET + TAG_SIZE, this.#innerTpid);
    write16(this.#bytes, TAG_OFFSET + TAG_SIZE + 2, inner & ~VLAN_PRESENT);
  }

  #own(): void {
    if (!this.#isShared) return;
    // Not slice: a Buffer would give a view.
    this.#bytes = new Uint8Array(this.#bytes);
    this.#isShared = false;
  }

  #insert(at: number, size: number): void {
    const bytes = new Uint8Array(this.#bytes.length + size);
    bytes.set(this.#bytes.subarray(0, at));
    bytes.set(this.#bytes.subarray(at), at + size);
    this.#replace(bytes);
  }

  #remove(at: number, size: number): void {
    const bytes = new Uint8Array(this.#bytes.length - size);
    bytes.set(this.#bytes.subarray(0, at));
    bytes.set(this.#bytes.subarray(at + size), at);
    this.#replace(bytes);
  }

  #replace(bytes: Uint8Array): void {
    this.#bytes = bytes;
    this.#isShared = false;
  }
}

function moveHeaders(headers: FrameHeaders, by: number): void {
  if (headers.l3 !== ABSENT) headers.l3 += by;
  if (headers.l4 !== ABSENT) headers.l4 += by;
  headers.end += by;
}
