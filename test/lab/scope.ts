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

/** The place of the lab's commands, in one of its namespaces or in this process's own. */
export function contextOf(scope: Scope, netns?: string): CommandContext {
  return { env: scope.env, netns };
}
