import type { Step } from '../actions/walk.ts';
import type { Handling } from './handling.ts';
import type { Effect } from './recording.ts';

/** What is done with kinds of packets, by numbers: all those with whom the same is done share one. */
export class Handlings {
  readonly #all: Handling[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #steps = new Map<Step, number>();

  get(number: number): Handling {
    return this.#all[number]!;
  }

  numberOf(handling: Handling): number {
    const key = this.#keyOf(handling);
    const known = key === undefined ? undefined : this.#numbers.get(key);
    if (known !== undefined) return known;
    const number = this.#all.push(handling) - 1;
    if (key !== undefined) this.#numbers.set(key, number);
    return number;
  }

  /** The same for two that do the same; undefined for one that is hardly ever shared. */
  #keyOf({ effects }: Handling): string | undefined {
    let key = '';
    for (const effect of effects) {
      const part = this.#partOf(effect);
      if (part === undefined) return undefined;
      key += `${part};`;
    }
    return key;
  }

  #partOf(effect: Effect): string | undefined {
    switch (effect.type) {
      case 'output':
        return `${effect.port},${effect.queue},${effect.maxLen},${effect.isPlain}`;
      case 'rewrite':
        return `step ${this.#stepNumber(effect.step)}`;
      case 'metadata':
        return `metadata ${effect.chunks.value}/${effect.chunks.mask}`;
      case 'meter':
        return `meter ${effect.meterId}`;
      case 'fork':
        return `fork ${effect.hasOwnStack}`;
      case 'rejoin':
        return 'rejoin';
      case 'controller':
      case 'refresh':
        return undefined;
    }
  }

  #stepNumber(step: Step): number {
    const known = this.#steps.get(step);
    if (known !== undefined) return known;
    this.#steps.set(step, this.#steps.size);
    return this.#steps.size - 1;
  }
}
