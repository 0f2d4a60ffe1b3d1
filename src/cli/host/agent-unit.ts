import { type AgentUnitPlan, hasAgentUnit, hasSystemd, planAgentUnit } from '../../host/setup/agent-unit.ts';
import type { InitPlan } from '../../host/setup/init.ts';
import { ownCommand } from '../own-command.ts';
import type { HostOptions } from './host-options.ts';

/**
 * What it takes to have systemd run the agent; undefined where it cannot, or should not yet: the uplink may be put back.
 */
export async function planUnit(options: HostOptions, plan: InitPlan): Promise<AgentUnitPlan | undefined> {
  if (!hasSystemd() || !isSystemDatabase(options) || plan.uplink?.isConfirmed === false) return undefined;
  const { bridge, encapsulation, localIp, underlayMtu, isUserspace } = plan;
  const galago = ownCommand();
  const settings = ['--bridge', bridge, '--encap', encapsulation.type, '--local-ip', localIp];
  return planAgentUnit({
    agent: [...galago, 'agent'],
    // With all that there was to say, so that it cannot make another host of this one.
    before: [
      ...[...galago, 'init', '--no-agent', ...settings, '--mtu', `${underlayMtu}`],
      ...(isUserspace ? ['--usermode'] : []),
    ],
  });
}

/** True when there is a unit that looks after the host whose database this is. */
export async function isUnitOf(options: HostOptions): Promise<boolean> {
  return isSystemDatabase(options) && hasSystemd() && (await hasAgentUnit());
}

/** Units are for the Open vSwitch that is a unit itself; who runs another one runs its agent. */
function isSystemDatabase({ db }: HostOptions): boolean {
  return /^unix:(\/var)?\/run\/openvswitch\/db\.sock$/.test(db);
}
