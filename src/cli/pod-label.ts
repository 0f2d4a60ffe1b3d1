import { GLOBAL_POD, parsePod } from '../app/pod.ts';
import type { PodLabel } from '../host/endpoint.ts';

/** True for pods whose key does not follow from their name. */
export function isKeyNeeded(name: string): boolean {
  return name !== GLOBAL_POD.name && !/^\d+$/.test(name);
}

/** A pod by its name, and its key if it needs one. @throws UsageError `POD_INVALID` */
export function podLabel(name: string, key: string | undefined): PodLabel {
  return { ...parsePod(name, key), isKeyNeeded: isKeyNeeded(name) };
}
