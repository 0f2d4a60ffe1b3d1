/** What a container is to be like, beside its slot; the same when it is started again. */
export interface SlotSettings {
  /** Internal ports of Open vSwitch in place of veth pairs. */
  readonly isInternal: boolean;
  /** Two interfaces in a bridge, for what passes frames on. */
  readonly isDualNic: boolean;
  readonly isPrivileged: boolean;
  /** The virtual switches of further interfaces, by the name inside: `eth1` to `eth3`. */
  readonly others: ReadonlyMap<string, string>;
}

/** How many interfaces a container has. */
export function countInterfaces({ isDualNic, others }: SlotSettings): number {
  return 1 + (isDualNic ? 1 : 0) + others.size;
}

/** The names of interfaces that can be in other virtual switches. */
export const OTHER_INTERFACES = ['eth1', 'eth2', 'eth3'] as const;

/** Labels of containers in slots; `galago.` is what those of pods begin with. */
const Label = {
  VSWITCH: 'galago-slot.vswitch',
  NUMBER: 'galago-slot.number',
  INTERNAL: 'galago-slot.internal',
  DUAL_NIC: 'galago-slot.dual-nic',
  PRIVILEGED: 'galago-slot.privileged',
} as const;

function labelOf(ifname: string): string {
  return `galago-slot.${ifname}`;
}

/** The labels of a container in a slot. */
export function slotLabels(
  { vswitch, number }: { readonly vswitch: string; readonly number: number },
  { isInternal, isDualNic, isPrivileged, others }: SlotSettings,
): Readonly<Record<string, string>> {
  return {
    [Label.VSWITCH]: vswitch,
    [Label.NUMBER]: `${number}`,
    ...(isInternal && { [Label.INTERNAL]: 'true' }),
    ...(isDualNic && { [Label.DUAL_NIC]: 'true' }),
    ...(isPrivileged && { [Label.PRIVILEGED]: 'true' }),
    ...Object.fromEntries([...others].map(([ifname, name]) => [labelOf(ifname), name])),
  };
}

/** Reads the labels of a container; undefined for one that is in no slot. */
export function readSlotLabels(
  labels: Readonly<Record<string, string>>,
): { readonly vswitch: string; readonly number: number; readonly settings: SlotSettings } | undefined {
  const vswitch = labels[Label.VSWITCH];
  const number = Number(labels[Label.NUMBER]);
  if (vswitch === undefined || !Number.isInteger(number)) return undefined;
  const others = OTHER_INTERFACES.flatMap((ifname) => {
    const name = labels[labelOf(ifname)];
    return name === undefined ? [] : [[ifname, name] as const];
  });
  const settings = {
    isInternal: labels[Label.INTERNAL] === 'true',
    isDualNic: labels[Label.DUAL_NIC] === 'true',
    isPrivileged: labels[Label.PRIVILEGED] === 'true',
    others: new Map<string, string>(others),
  };
  return { vswitch, number, settings };
}
