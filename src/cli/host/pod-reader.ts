import { parseDhcpSubnet } from '../../app/dhcp/subnet.ts';
import { GLOBAL_POD, parsePod } from '../../app/hosts/pod.ts';
import { EndpointKey, type PodLabel } from '../../host/connect/endpoint.ts';
import type { PodReader } from '../../host/connect/endpoint-words.ts';
import { UsageError } from '../../util/errors.ts';

/** A pod by its name, and its key if it needs one. @throws UsageError `POD_INVALID` */
function podOf(name: string, key: string | undefined): PodLabel {
  if (isKeyNeeded(name) && key === undefined && /^[A-Za-z][\w.-]*$/.test(name)) {
    const message = `pod '${name}' is new here and needs a tunnel key: --key, or the label galago.key`;
    throw new UsageError('POD_INVALID', message);
  }
  return { ...parsePod(name, key), isKeyNeeded: isKeyNeeded(name) };
}

/** What the controller makes of pods and subnets, for those who connect containers. */
export const POD_READER: PodReader = { requirePod, podOf, rangeOf: parseDhcpSubnet };

/** The tunnel key of the pod that labels name; null when they name none. */
export function keyOf(externalIds: ReadonlyMap<string, string>): number | null {
  try {
    return parsePod(externalIds.get(EndpointKey.POD) ?? '', externalIds.get(EndpointKey.KEY)).key;
  } catch {
    return null;
  }
}

/** @throws UsageError `POD_INVALID` for what can be no pod's name, whatever its key, or not with the key given */
export function requirePod(name: string, key?: string): void {
  parsePod(name, key ?? (isKeyNeeded(name) ? '1' : undefined));
}

function isKeyNeeded(name: string): boolean {
  return name !== GLOBAL_POD.name && !/^\d+$/.test(name);
}
