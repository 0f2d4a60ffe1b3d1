import { versionOf } from '../harness/installed.ts';
import { type ControllerKind, OS_KEN, TESTCONTROLLER } from './controllers.ts';

/** Those of the kinds that can run here, and why the others cannot. */
export async function present(all: readonly ControllerKind[]): Promise<{
  readonly kinds: readonly ControllerKind[];
  readonly skipped: readonly string[];
}> {
  const reasons = await Promise.all(all.map((kind) => kind.missing()));
  return {
    kinds: all.filter((_, i) => reasons[i] === undefined),
    skipped: reasons.filter((reason) => reason !== undefined),
  };
}

/** What is to be said of the versions of the kinds that are not ours: at most a line. */
export async function versions(kinds: readonly ControllerKind[]): Promise<string[]> {
  const commands = [
    [TESTCONTROLLER, 'ovs-testcontroller'],
    [OS_KEN, 'osken-manager'],
  ] as const;
  const peers = commands.filter(([kind]) => kinds.includes(kind));
  const found = await Promise.all(peers.map(([, command]) => versionOf(command)));
  return found.length === 0 ? [] : [`peers: ${found.join(', ')}`];
}
