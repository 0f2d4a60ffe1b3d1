import type { Place } from '../ofp/text/flow-key.ts';
import { EthType } from '../packet/ethernet.ts';
import {
  ABSENT,
  emptyHeaders,
  type FrameHeaders,
  locateHeaders,
  read32,
  write16,
  write32,
} from '../packet/headers.ts';
import { extractFields, extractPayload, VLAN_PRESENT } from './extract.ts';
import {
  copyBits,
  emptyWords,
  type FlowWords,
  readRun,
  WORD_OF,
  type WordRun,
  writeBits,
  writeRun,
} from './layout.ts';
import { isMplsType } from './prerequisite.ts';
import { isInFrame, storePlace } from './store.ts';

/** OFPP_UNSET: no output in the action set yet. */
const UNSET_PORT = 0xfffffff7;
const IPV6_EXPLICIT_NULL = 2;
const DEFAULT_TTL = 64;
const BOTTOM = 0x100;
/** How many labels are followed, as in Open vSwitch. */
const MAX_LABELS = 3;

/**
 * A packet on its way through the switch: its bytes, and its fields as words. What is written into a field is in the
 * bytes at once, checksums included. Bytes are copied when they are first written to, and again after {@link share}.
 */
export class Packet {
  readonly words: FlowWords;
  readonly headers: FrameHeaders;
  #bytes: Uint8Array;
  #isShared = true;

  /** Takes a frame as it came in through a port. */
  static receive(frame: Uint8Array, inPort: number): Packet {
    const packet = new Packet(frame, emptyWords(), emptyHeaders());
    packet.words[WORD_OF.inPort] = inPort;
    packet.words[WORD_OF.actsetOutput] = UNSET_PORT;
    packet.#parse();
    return packet;
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
    return new Packet(this.#bytes, this.words.slice(), { ...this.headers });
  }

  /** Writes a value into a run of bits. */
  write(run: WordRun, value: bigint): void {
    const hadTag = this.#hasTag;
    writeRun(this.words, run, value);
    this.#store(run.place, hadTag);
  }

  /** As {@link write}, for runs of up to 32 bits. */
  writeNumber(run: WordRun, value: number): void {
    const hadTag = this.#hasTag;
    writeBits(this.words, run, 0, run.bits, value);
    this.#store(run.place, hadTag);
  }

  /** Writes the bits of a run that `mask` sets. */
  writeMasked(run: WordRun, value: bigint, mask: bigint): void {
    this.write(run, (readRun(this.words, run) & ~mask) | (value & mask));
  }

  /** Copies bits of the packet's own words. */
  move(from: WordRun, to: WordRun): void {
    const hadTag = this.#hasTag;
    copyBits(this.words, from, this.words, to);
    this.#store(to.place, hadTag);
  }

  /**
   * Puts a tag of VLAN 0 and priority 0 before all others. As in Open vSwitch, the packet is what it was otherwise: two
   * tags are followed, the rest of a packet that comes with two is not looked at.
   */
  pushVlan(tpid: number): void {
    this.#insert(12, 4);
    write16(this.#bytes, 12, tpid);
    write16(this.#bytes, 14, 0);
    this.headers.tag = 12;
    moveHeaders(this.headers, 4);
    this.words[WORD_OF.innerTci] = this.words[WORD_OF.vlanTci]!;
    this.words[WORD_OF.vlanTci] = VLAN_PRESENT;
  }

  /** Takes the outermost tag off, where there is one. */
  popVlan(): void {
    if (!this.#hasTag) return;
    const { words, headers } = this;
    this.#remove(headers.tag, 4);
    moveHeaders(headers, -4);
    words[WORD_OF.vlanTci] = words[WORD_OF.innerTci]!;
    words[WORD_OF.innerTci] = 0;
    if (words[WORD_OF.vlanTci] === 0) headers.tag = ABSENT;
  }

  /**
   * Puts a label before what follows the tags: a copy of the outermost one, else with the TTL of the IP packet
   * (OpenFlow 1.3.5, 5.12).
   * @returns false, doing nothing, when there are as many labels as are followed
   */
  pushMpls(ethType: number): boolean {
    const { words, headers } = this;
    if (headers.l3 === ABSENT) return true;
    const labels = this.#countLabels();
    if (labels >= MAX_LABELS) return false;
    const entry = labels === 0 ? this.#firstLabel() : read32(this.#bytes, headers.l3) & ~BOTTOM;
    this.#insert(headers.l3, 4);
    write32(this.#bytes, headers.l3, entry);
    this.#setType(ethType);
    headers.end += 4;
    headers.l4 = ABSENT;
    extractPayload(this.#bytes, headers, words);
    return true;
  }

  /**
   * Takes the outermost label off; what follows is of the type that is given.
   * @returns false, doing nothing, when there are more labels than are followed
   */
  popMpls(ethType: number): boolean {
    const labels = this.#countLabels();
    if (labels === 0) return true;
    if (labels === MAX_LABELS && (this.words[WORD_OF.mplsLse2]! & BOTTOM) === 0) return false;
    this.#remove(this.headers.l3, 4);
    this.#setType(ethType);
    if (!isMplsType(ethType)) this.#parse();
    else {
      this.headers.end -= 4;
      extractPayload(this.#bytes, this.headers, this.words);
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
    this.#store(place, false);
  }

  get #hasTag(): boolean {
    return this.headers.tag !== ABSENT;
  }

  /** How many labels are followed: up to the one at the bottom. */
  #countLabels(): number {
    const { words, headers } = this;
    if (!isMplsType(headers.ethType)) return 0;
    if (words[WORD_OF.mplsBos] !== 0) return 1;
    return (words[WORD_OF.mplsLse1]! & BOTTOM) !== 0 ? 2 : MAX_LABELS;
  }

  #setType(ethType: number): void {
    let tags = 0;
    for (const place of ['vlanTci', 'innerTci'] as const) if (this.words[WORD_OF[place]] !== 0) tags++;
    write16(this.#bytes, 12 + tags * 4, ethType);
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
  }

  #store(place: Place, hadTag: boolean): void {
    if (place === 'vlanTci') return this.#storeTag(hadTag);
    if (!isInFrame(place)) return;
    this.#own();
    storePlace(place, this.#bytes, this.headers, this.words);
  }

  /** Makes the tag follow what was written: it comes and goes with the bit that says that there is one. */
  #storeTag(hadTag: boolean): void {
    const { words } = this;
    const tci = words[WORD_OF.vlanTci]!;
    if ((tci & VLAN_PRESENT) === 0) {
      if (hadTag) this.popVlan();
      else words[WORD_OF.vlanTci] = 0;
      return;
    }
    if (!hadTag) {
      words[WORD_OF.vlanTci] = 0;
      this.pushVlan(EthType.VLAN);
      words[WORD_OF.vlanTci] = tci;
    } else this.#own();
    write16(this.#bytes, this.headers.tag + 2, tci & ~VLAN_PRESENT);
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
