import { eventually } from './eventually.ts';
import { LabError } from './run.ts';
import type { RunningProcess } from './running-process.ts';

/** How {@link NetworkNamespace.ping} pings. */
export interface PingOptions {
  /** Number of requests. Default 1. */
  readonly count?: number;
  /** The time to wait for the last reply. Default 1. */
  readonly timeoutSec?: number;
  /** The pause between two requests. Default 0.05. */
  readonly intervalSec?: number;
}

/** What came of a ping. */
export interface PingResult {
  readonly sent: number;
  readonly received: number;
  /** Replies that came twice or more: a loop, or a flood that goes two ways. */
  readonly duplicates: number;
  /** Round-trip time of each reply, in milliseconds. */
  readonly rttMs: readonly number[];
}

/** The arguments of ping(8) for `count` requests to `address`. */
export function pingArguments(address: string, options: PingOptions): string[] {
  const { count = 1, timeoutSec = 1, intervalSec = 0.05 } = options;
  return ['-n', '-c', `${count}`, '-i', `${intervalSec}`, '-W', `${timeoutSec}`, address];
}

/**
 * Reads what ping(8) of iputils printed.
 * @throws LabError `LAB_PING_UNREADABLE` when its last lines are missing.
 */
export function parsePing(text: string): PingResult {
  const summary = /^(\d+) packets transmitted, (\d+) received(?:, \+(\d+) duplicates)?/m.exec(text);
  if (!summary)
    throw new LabError('LAB_PING_UNREADABLE', `expected the summary of ping, got: ${text.trim()}`);
  const replies = text.split('\n').flatMap((line) => parseReply(line) ?? []);
  return {
    sent: Number(summary[1]),
    received: Number(summary[2]),
    duplicates: Number(summary[3] ?? 0),
    rttMs: replies.filter((reply) => !reply.duplicate).map((reply) => reply.rttMs),
  };
}

/** What came of a {@link ContinuousPing}, from its first reply on. */
export interface ContinuousPingResult {
  readonly sent: number;
  readonly received: number;
  readonly lost: number;
  readonly duplicates: number;
  /** The longest time without a reply. */
  readonly longestGapMs: number;
}

/** A ping that goes on while something happens to the network, and tells what that cost. */
export class ContinuousPing {
  #process: PingProcess | undefined;
  #first = 0;
  #highest = 0;
  #received = 0;
  #duplicates = 0;
  #lastReplyMs = 0;
  #longestGapMs = 0;

  /**
   * Resolves with the first reply: requests lost before it, as while neighbours are found, do not count.
   * @throws TimeoutError `LAB_WAIT_TIMEOUT` when none comes within 10 seconds.
   */
  async start(
    address: string,
    intervalMs: number,
    launch: (args: readonly string[], onLine: (line: string) => void) => Promise<PingProcess>,
  ): Promise<this> {
    const args = ['-n', '-D', '-i', `${intervalMs / 1000}`, address];
    const running = await launch(args, (line) => this.#read(line));
    this.#process = running;
    try {
      await eventually(() => this.#received > 0, { what: `a reply from ${address}` });
    } catch (error) {
      await running.stop();
      throw error;
    }
    return this;
  }

  /** The replies so far. */
  get received(): number {
    return this.#received;
  }

  /**
   * Ends the ping. It waits up to a second for one more reply, since the request under way when a ping is
   * stopped is not lost; without that reply, every request after the last one is.
   */
  async stop(): Promise<ContinuousPingResult> {
    const running = this.#process!;
    const stopMs = Date.now();
    const isAnswered = () => this.#lastReplyMs >= stopMs;
    const answered = await eventually(isAnswered, { timeoutMs: 1000, intervalMs: 1 }).catch(() => false);
    await running.stop('SIGINT');
    const last = answered ? this.#highest : parsePing(running.output).sent;
    if (!answered) this.#measureGap(Date.now());
    const sent = last - this.#first + 1;
    return {
      sent,
      received: this.#received,
      lost: sent - this.#received,
      duplicates: this.#duplicates,
      longestGapMs: this.#longestGapMs,
    };
  }

  #read(line: string): void {
    const reply = parseReply(line);
    if (!reply) return;
    if (reply.duplicate) {
      this.#duplicates++;
      return;
    }
    if (this.#received++ === 0) this.#first = this.#highest = reply.sequence;
    // The number in the packet has 16 bits, and the nearest one of those that end in them is meant.
    const turns = Math.round((this.#highest - reply.sequence) / 0x10000);
    this.#highest = Math.max(this.#highest, reply.sequence + turns * 0x10000);
    this.#measureGap(reply.timeMs);
    this.#lastReplyMs = reply.timeMs;
  }

  #measureGap(nowMs: number): void {
    if (this.#lastReplyMs > 0) this.#longestGapMs = Math.max(this.#longestGapMs, nowMs - this.#lastReplyMs);
  }
}

type PingProcess = Pick<RunningProcess, 'output' | 'stop'>;

interface Reply {
  readonly sequence: number;
  readonly rttMs: number;
  readonly duplicate: boolean;
  /** Since 1970; 0 without `-D`. */
  readonly timeMs: number;
}

/** Reads a line like `[1700000000.123456] 64 bytes from 10.0.0.2: icmp_seq=1 ttl=64 time=0.045 ms`. */
function parseReply(line: string): Reply | undefined {
  const match = /^(?:\[([\d.]+)\] )?\d+ bytes from .*icmp_seq=(\d+) .*time=([\d.]+) ms( \(DUP!\))?/.exec(
    line,
  );
  if (!match) return undefined;
  return {
    timeMs: Number(match[1] ?? 0) * 1000,
    sequence: Number(match[2]),
    rttMs: Number(match[3]),
    duplicate: match[4] !== undefined,
  };
}
