import type { HostDatabase } from '../../host/database.ts';
import {
  AGENT_UNIT,
  type AgentUnitPlan,
  hasAgentUnit,
  hasSystemd,
  planAgentUnit,
  removeAgentUnit,
  startAgentUnit,
  stopAgentUnit,
} from '../../host/setup/agent-unit.ts';
import type { InitPlan } from '../../host/setup/init.ts';
import { readSettings } from '../../host/setup/settings.ts';
import { uplinkOf } from '../../host/setup/uplink.ts';
import { isVswitchRow } from '../../host/slots/vswitch-labels.ts';
import { ownCommand } from '../own-command.ts';
import type { HostOptions } from './host-options.ts';

/** What of a host's set-up its unit does again after a reboot. */
type SetUp = Pick<InitPlan, 'bridge' | 'encapsulation' | 'localIp' | 'underlayMtu' | 'isUserspace'>;

/**
 * What it takes to have systemd run the agent of a host.
 * @param setUp undefined for a host that has virtual switches only, which the agent itself puts right after a reboot
 * @returns undefined where systemd cannot run it
 */
export async function planUnit(
  options: HostOptions,
  setUp: SetUp | undefined,
): Promise<AgentUnitPlan | undefined> {
  if (!hasSystemd() || !isSystemDatabase(options)) return undefined;
  const galago = ownCommand();
  return planAgentUnit({
    agent: [...galago, 'agent'],
    before: setUp && [...galago, 'init', '--no-agent', ...wordsOf(setUp)],
  });
}

/** The same of a host as it has been set up; undefined also while its uplink may be put back. */
export async function planUnitOf(db: HostDatabase, options: HostOptions): Promise<AgentUnitPlan | undefined> {
  const { bridge, encapsulation, localIp, underlayMtu, uplink } = readSettings(db);
  if (uplinkOf(db) !== uplink) return undefined;
  if (
    bridge === undefined ||
    encapsulation === undefined ||
    localIp === undefined ||
    underlayMtu === undefined
  )
    return planUnit(options, undefined);
  const isUserspace = db.bridge(bridge)?.datapath_type === 'netdev';
  return planUnit(options, { bridge, encapsulation, localIp, underlayMtu, isUserspace });
}

/** What becomes of the unit when something goes that it is for. */
export interface UnitEnd {
  /** A line each; empty when it stays as it is, or is not there. */
  readonly changes: readonly string[];
  /** Removes what goes, by what is handed in, while no agent uses it. */
  readonly carryOut: (remove: () => Promise<void>) => Promise<void>;
}

/** When what `galago init` has made goes: the unit stays for virtual switches, without setting the host up again. */
export async function planUnitAfterCleanup(db: HostDatabase, options: HostOptions): Promise<UnitEnd> {
  if (!(await isUnitOf(options))) return UNCHANGED;
  if (!db.bridges.some(isVswitchRow)) return REMOVED;
  const plan = await planUnit(options, undefined);
  if (plan === undefined || plan.changes.length === 0) return UNCHANGED;
  return {
    changes: plan.changes,
    carryOut: async (remove) => {
      await stopAgentUnit();
      await remove();
      await startAgentUnit({ ...plan, isActive: false });
    },
  };
}

/** When a virtual switch goes. */
export async function planUnitWithout(
  vswitch: string,
  db: HostDatabase,
  options: HostOptions,
): Promise<UnitEnd> {
  const isNeeded =
    readSettings(db).bridge !== undefined ||
    db.bridges.some((bridge) => isVswitchRow(bridge) && bridge.name !== vswitch);
  return isNeeded || !(await isUnitOf(options)) ? UNCHANGED : REMOVED;
}

/** True when there is a unit that looks after the host whose database this is. */
export async function isUnitOf(options: HostOptions): Promise<boolean> {
  return isSystemDatabase(options) && hasSystemd() && (await hasAgentUnit());
}

const UNCHANGED: UnitEnd = { changes: [], carryOut: (remove) => remove() };

const REMOVED: UnitEnd = {
  changes: [`systemd: stop and delete ${AGENT_UNIT}`],
  carryOut: async (remove) => {
    await removeAgentUnit();
    await remove();
  },
};

/** All that there was to say to `galago init`, so that it cannot make another host of this one. */
function wordsOf({ bridge, encapsulation, localIp, underlayMtu, isUserspace }: SetUp): readonly string[] {
  return [
    ...['--bridge', bridge, '--encap', encapsulation.type, '--local-ip', localIp, '--mtu', `${underlayMtu}`],
    ...(isUserspace ? ['--usermode'] : []),
  ];
}

/** Units are for the Open vSwitch that is a unit itself; who runs another one runs its agent. */
function isSystemDatabase({ db }: HostOptions): boolean {
  return /^unix:(\/var)?\/run\/openvswitch\/db\.sock$/.test(db);
}
