import { Tally } from '../../util/tally.ts';
import type { Pod } from '../hosts/pod.ts';

/**
 * Which pod has which key, as far as anybody uses it: the first to come keeps its name and its key. A second name for
 * a key would join two pods, and a second key for a name is a pod torn in two; both are mistakes of configuration.
 */
export class PodKeys {
  readonly #keyByName = new Map<string, number>();
  readonly #nameByKey = new Map<number, string>();
  /** How many ask for each pod, whether it can be or not. */
  readonly #asking = new Tally();

  /** Why the pod cannot be, given those that are; undefined when it can, and then it is. */
  claim({ name, key }: Pod): string | undefined {
    const otherName = this.#nameByKey.get(key);
    const otherKey = this.#keyByName.get(name);
    if (otherName !== undefined && otherName !== name) {
      return `key ${key} of pod '${name}' is the key of pod '${otherName}'`;
    }
    if (otherKey !== undefined && otherKey !== key) {
      return `pod '${name}' has the key ${otherKey} elsewhere, here it is ${key}`;
    }
    this.#nameByKey.set(key, name);
    this.#keyByName.set(name, key);
    return undefined;
  }

  /** Counts who asks for a pod; it keeps its name and key until nobody does any more. */
  ask({ name, key }: Pod, count: 1 | -1): void {
    if (this.#asking.add(`${key} ${name}`, count) || this.#nameByKey.get(key) !== name) return;
    this.#nameByKey.delete(key);
    this.#keyByName.delete(name);
  }

  /** The name of the pod with this key. */
  name(key: number): string | undefined {
    return this.#nameByKey.get(key);
  }
}
