import type { HostDatabase } from '../../host/database.ts';

/** Whoever has this lock of the host's database writes the flows of its bridges: an agent, or a command. */
export const FLOWS_LOCK = 'galago_flows';

/** True when an agent looks after the host. @throws as HostDatabase.unlessLocked */
export async function hasAgent(db: HostDatabase): Promise<boolean> {
  return !(await db.unlessLocked(FLOWS_LOCK, async () => {}));
}
