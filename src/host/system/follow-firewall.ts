import { type SetTimer, systemTimer } from '../../util/timer.ts';
import { followCommand } from './command.ts';

/** How {@link followFirewall} follows. */
export interface FollowFirewallOptions {
  readonly onChange: () => void;
  readonly setTimer?: SetTimer;
  /** What prints a line for each change, until it is ended. Default: `nft monitor`. */
  readonly monitor?: readonly [string, ...string[]];
}

/**
 * Tells that the rules of this machine's firewall may have changed, for as long as it takes. The monitor of nftables says
 * when they do; what it has not said, and changes of a firewall that it does not know, are looked for from time to time,
 * more often while there is none.
 * @returns what ends it
 */
export function followFirewall({
  onChange,
  setTimer = systemTimer,
  monitor: [name, ...args] = MONITOR,
}: FollowFirewallOptions): () => void {
  let endMonitor: (() => void) | undefined;
  let cancel = () => {};
  const onLine = (line: string) => {
    if (TELLING.test(line)) onChange();
  };
  const onEnd = () => {
    endMonitor = undefined;
    lookIn(UNTOLD_MS);
  };
  const look = () => {
    // One that is new has not said what happened before it listened.
    lookIn(endMonitor === undefined ? UNTOLD_MS : TOLD_MS);
    endMonitor ??= followCommand(name, args, { onLine, onEnd });
    onChange();
  };
  const lookIn = (delayMs: number) => {
    cancel();
    cancel = setTimer(look, delayMs);
  };
  look();
  return () => {
    cancel();
    endMonitor?.();
  };
}

/**
 * What nft(8) prints of changes that may matter, and when it has lost some. What becomes of the elements of sets does
 * not.
 */
const TELLING = /^(?:\w+ (?:table|chain|rule) |# ERROR)/;

/** It remembers all elements of sets, which is bounded; and it ends with this process, however that ends. */
const MONITOR = [
  ...['prlimit', `--data=${64 * 1024 * 1024}`],
  ...['setpriv', '--pdeathsig', 'KILL', 'nft', 'monitor'],
] as [string, ...string[]];

const UNTOLD_MS = 20_000;
const TOLD_MS = 60_000;
