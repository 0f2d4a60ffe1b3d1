import type { ChildProcess } from 'node:child_process';
import { connectLanes, connectSwitch, type Switch, type SwitchLanes } from 'galago/ofp';
import { childrenCpuMs, cpuMs, ownCpuMs } from '../harness/cpu.ts';
import type { Contender, Turn } from '../harness/rounds.ts';

/** The switch that all contenders work on. */
export interface Target {
  /** The path of its OpenFlow socket. */
  readonly path: string;
  readonly vswitchdPid: number;
}

/** The switch may take this long for all of a turn. */
export const PATIENCE_MS = 600_000;

/** Work through a session in this process, which does nothing else meanwhile; what the switch refuses is an error. */
export function session(target: Target, name: string, work: (sw: Switch) => Promise<unknown>): Contender {
  return {
    name,
    role: 'ours',
    async turn() {
      await using sw = await connectSwitch(`unix:${target.path}`);
      const refusals: Error[] = [];
      sw.on('requestError', ({ error }) => refusals.push(error));
      const turn = await timed(target, () => work(sw));
      if (refusals.length > 0) throw refusals[0];
      return turn;
    },
  };
}

/** Work through several sessions at once, likewise. */
export function lanes(
  target: Target,
  name: string,
  count: number,
  work: (lanes: SwitchLanes) => Promise<unknown>,
): Contender {
  return {
    name,
    role: 'ours',
    async turn() {
      await using opened = await connectLanes(`unix:${target.path}`, { lanes: count });
      return await timed(target, () => work(opened));
    },
  };
}

/** Times work that this process does, or a child that it has started. */
export async function timed(
  { vswitchdPid }: Target,
  work: () => Promise<unknown>,
  child?: ChildProcess,
): Promise<Turn> {
  const clientCpuMs = () => (child === undefined ? ownCpuMs() : childrenCpuMs(child));
  const clientBefore = clientCpuMs();
  const switchBefore = cpuMs(vswitchdPid);
  const begun = performance.now();
  await work();
  const elapsedMs = performance.now() - begun;
  const used = { client: clientCpuMs() - clientBefore, switch: cpuMs(vswitchdPid) - switchBefore };
  return { elapsedMs, cpuMs: used };
}
