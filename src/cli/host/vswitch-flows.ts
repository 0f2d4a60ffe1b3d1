import { realiseVswitch } from '../../app/bridges/vswitch.ts';
import type { HostDatabase } from '../../host/database.ts';
import { connectSwitch } from '../../ofp/index.ts';
import { FLOWS_LOCK } from './flows-lock.ts';
import { bridgeSocket, type HostOptions } from './host-options.ts';

/**
 * Makes what gives virtual switches their flows: the agent does where one runs, because it follows the database, and
 * otherwise the command itself.
 */
export function vswitchProgrammer(db: HostDatabase, options: HostOptions): (name: string) => Promise<void> {
  return async (name) => {
    await db.unlessLocked(FLOWS_LOCK, async () => {
      const bridge = db.bridge(name);
      if (bridge === undefined) return;
      await using session = await connectSwitch(bridgeSocket(options, name));
      await realiseVswitch(session, name, db.interfacesOf(bridge));
    });
  };
}
