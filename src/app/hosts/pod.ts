import { UsageError } from '../../util/errors.ts';

/**
 * A pod: a private layer-2 network, told apart by its tunnel key on the wire. Two pods never share a key, which is why
 * a key never comes from a hash of the name.
 */
export interface Pod {
  readonly name: string;
  /** 1 to 2^24-1: what a VXLAN network identifier holds. */
  readonly key: number;
}

/** The pod of endpoints that name no other. */
export const GLOBAL_POD: Pod = { name: 'global', key: 0x10ffd };

/** Numbered pods have this key and their number; lorispack's do as well. */
const NUMBERED_BASE = 0x10000;
/** The number whose key is the global pod's. */
const GLOBAL_NUMBER = GLOBAL_POD.key - NUMBERED_BASE;
const MAX_NUMBER = 4094;
const MAX_KEY = 2 ** 24 - 1;
const MAX_NAME_LENGTH = 63;

/**
 * The pod that an interface's `external_ids` name: `galago-pod`, and `galago-key` for names that are no numbers.
 * @throws UsageError `POD_INVALID`, with what would be right
 */
export function parsePod(name: string, key?: string): Pod {
  if (name === GLOBAL_POD.name) return requireKey(GLOBAL_POD, key);
  if (/^\d+$/.test(name)) return requireKey(numberedPod(name), key);
  if (name.length === 0 || name.length > MAX_NAME_LENGTH || !/^[A-Za-z][\w.-]*$/.test(name)) {
    const rule = `a letter, then letters, digits, '.', '_' or '-', at most ${MAX_NAME_LENGTH}`;
    throw new UsageError('POD_INVALID', `expected a pod's name (${rule}), got '${name}'`);
  }
  if (key === undefined) {
    throw new UsageError(
      'POD_INVALID',
      `pod '${name}' needs a tunnel key: set external_ids:galago-key, 1 to ${MAX_KEY}`,
    );
  }
  return { name, key: parseKey(name, key) };
}

function numberedPod(name: string): Pod {
  const number = Number(name);
  if (number < 1 || number > MAX_NUMBER || number === GLOBAL_NUMBER || String(number) !== name) {
    const range = `1 to ${MAX_NUMBER} without ${GLOBAL_NUMBER}, which is the global pod's`;
    throw new UsageError('POD_INVALID', `a pod's number is ${range}, got ${name}`);
  }
  return { name, key: NUMBERED_BASE + number };
}

function requireKey(pod: Pod, key: string | undefined): Pod {
  if (key === undefined || parseKey(pod.name, key) === pod.key) return pod;
  throw new UsageError('POD_INVALID', `pod '${pod.name}' has the key ${pod.key}, not ${key}`);
}

function parseKey(name: string, text: string): number {
  const key = Number(text);
  const isReserved = key === GLOBAL_POD.key || (key > NUMBERED_BASE && key <= NUMBERED_BASE + MAX_NUMBER);
  const mayBeReserved = name === GLOBAL_POD.name || /^\d+$/.test(name);
  if (/^(0x[0-9a-f]+|\d+)$/i.test(text) && key >= 1 && key <= MAX_KEY && (mayBeReserved || !isReserved))
    return key;
  const reserved = `0x${NUMBERED_BASE.toString(16)} + 1 to ${MAX_NUMBER} belong to the numbered pods`;
  throw new UsageError(
    'POD_INVALID',
    `a tunnel key is 1 to ${MAX_KEY} (${reserved}), got '${text}' for pod '${name}'`,
  );
}
