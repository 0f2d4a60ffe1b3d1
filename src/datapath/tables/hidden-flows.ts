import type { Action } from '../../ofp/actions/action.ts';
import { GroupNo, PortNo } from '../../ofp/ports.ts';
import { fieldByOxm } from '../../ofp/text/fields.ts';
import { FlowKey } from '../../ofp/text/flow-key.ts';
import { setField } from '../../ofp/text/match-key.ts';
import { Classifier } from './classifier.ts';
import { NO_LEDGER } from './counted.ts';
import { Flow } from './flow.ts';

/** What Open vSwitch has in the table that it keeps to itself, for packets that come back from its datapath. */
const HIDDEN: readonly {
  readonly priority: number;
  readonly reg0?: bigint;
  readonly actions: readonly Action[];
}[] = [
  { priority: 2, actions: [] },
  {
    priority: 0,
    reg0: 1n,
    actions: [{ type: 'nxController', maxLen: 0xffff, controllerId: 0, reason: 'noMatch' }],
  },
  { priority: 0, reg0: 2n, actions: [] },
  { priority: 0, reg0: 3n, actions: [] },
];
const REG0_MASK = 0xffff_ffffn;

/** The flows of table 254: controllers can see them, and neither change nor delete them. Packets do not come there. */
export function hiddenFlows(tableId: number, nowMs: number): Classifier<Flow> {
  const flows = new Classifier<Flow>();
  for (const { priority, reg0, actions } of HIDDEN) {
    const key = new FlowKey();
    if (reg0 === undefined) key.setExact('recircId', 0);
    else setField(key, fieldByOxm('reg0')!, reg0, REG0_MASK);
    const instructions = actions.length === 0 ? [] : [{ type: 'applyActions' as const, actions }];
    const order = {
      command: 'add' as const,
      tableId,
      priority,
      key,
      cookie: 0n,
      cookieMask: 0n,
      idleTimeout: 0,
      hardTimeout: 0,
      flags: 0,
      outPort: PortNo.ANY,
      outGroup: GroupNo.ANY,
      instructions,
      told: instructions,
    };
    flows.insert(new Flow(order, { createdMs: nowMs, modifiedMs: nowMs }, NO_LEDGER));
  }
  return flows;
}
