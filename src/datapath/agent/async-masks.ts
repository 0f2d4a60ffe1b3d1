import type { AsyncConfig } from '../../ofp/messages/async-config.ts';
import type { AsyncMask, AsyncProperty } from '../../ofp/messages/nicira-async-config.ts';
import { allowedReasons } from '../../ofp/text/messages/control.ts';

/** The kinds of messages that come unasked, in the order of their OFPACPT_ numbers (OpenFlow 1.4.1, 7.3.10). */
const KINDS = [
  'packetIn',
  'portStatus',
  'flowRemoved',
  'roleStatus',
  'tableStatus',
  'requestforward',
] as const;

/** A kind of message that comes unasked. */
export type AsyncKind = (typeof KINDS)[number];

/** OFPR_ACTION, which stands for the finer reasons of OpenFlow 1.4. */
const ACTION = 1;
const LAST_REASON_OF_13 = 2;

/** Which messages a controller wants unasked: by kind, role and reason (OpenFlow 1.3.5, 6.3.5). */
export class AsyncMasks {
  /** What a new connection wants, as in Open vSwitch: flows that go with their meters or are evicted are not told of. */
  readonly #masks = new Map<AsyncMask, number>([
    ['packetInMaster', 0b011],
    ['portStatusMaster', 0b111],
    ['portStatusSlave', 0b111],
    ['flowRemovedMaster', 0b001111],
  ]);

  /** What OFPT_GET_ASYNC_REPLY says. */
  get config(): AsyncConfig {
    return {
      packetInMaster: this.#get('packetInMaster'),
      packetInSlave: this.#get('packetInSlave'),
      portStatusMaster: this.#get('portStatusMaster'),
      portStatusSlave: this.#get('portStatusSlave'),
      flowRemovedMaster: this.#get('flowRemovedMaster'),
      flowRemovedSlave: this.#get('flowRemovedSlave'),
    };
  }

  /** Wants what OFPT_SET_ASYNC says and nothing of the kinds that it does not know; reasons that there are not do not count. */
  replace(config: AsyncConfig): void {
    this.#masks.clear();
    for (const [index, kind] of KINDS.entries()) {
      if (index > 2) return;
      for (const role of ['Master', 'Slave'] as const) {
        const name = `${kind}${role}` as keyof AsyncConfig;
        this.#masks.set(name, config[name] & allowedReasons(index));
      }
    }
  }

  /** Wants what NXT_SET_ASYNC_CONFIG2 says, and otherwise what it wanted before. */
  change(properties: readonly AsyncProperty[]): void {
    for (const property of properties)
      if (property.type !== 'unknown') this.#masks.set(property.type, property.mask);
  }

  /** True when messages of a kind are wanted for a reason, in a role. */
  wants(kind: AsyncKind, reason: number, isSlave: boolean): boolean {
    const bit = kind === 'packetIn' && reason > LAST_REASON_OF_13 ? ACTION : reason;
    return ((this.#get(`${kind}${isSlave ? 'Slave' : 'Master'}`) >>> bit) & 1) === 1;
  }

  #get(mask: AsyncMask): number {
    return this.#masks.get(mask) ?? 0;
  }
}
