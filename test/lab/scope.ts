import type { CommandContext } from './run.ts';

/** What all parts of one lab share. */
export interface Scope {
  /** The name of the lab, which the names of its network namespaces begin with. */
  readonly id: string;
  /** The directory of everything that the lab writes. */
  readonly dir: string;
  /** Marks every process of the lab, so that none is overlooked at the end. */
  readonly env: Readonly<Record<string, string>>;
  /** Ends what this process itself holds open in the lab's namespaces: a socket keeps its namespace alive. */
  readonly closers: Set<() => void>;
}

/** The name for `ip netns` of a namespace of the lab. */
export function netnsOf(scope: Scope, name: string): string {
  return `${scope.id}-${name}`;
}

/** The place of the lab's commands: one of its namespaces, by its name in the lab, or this process's own. */
export function contextOf(scope: Scope, name?: string): CommandContext {
  return { env: scope.env, netns: name === undefined ? undefined : netnsOf(scope, name) };
}
