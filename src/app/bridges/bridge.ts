import type { SwitchState } from '../events.ts';

/** What a bridge is used as: one of these at a time serves a switch's session. */
export interface BridgeApp {
  /** Where addresses were seen, who is in which pod, and which addresses somebody else has. */
  state(): Pick<SwitchState, 'endpoints' | 'members' | 'conflicts'>;
  /** Stops listening to the session, and resolves when nothing more will be sent. Flows stay in the switch. */
  stop(): Promise<void>;
}
