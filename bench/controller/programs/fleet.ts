import { Fleet, type FleetSlice } from '../../scale/fleet.ts';
import { sharedNowMs } from './clock.ts';

// Hosts for a controller of a pod network: databases and software switches.

/** What the parent asks for. */
export type FleetOrder =
  /** The answer is where the databases can be called. */
  | { readonly type: 'start'; readonly slice: FleetSlice }
  /** Has every switch call the controller. */
  | { readonly type: 'call'; readonly port: number }
  /** The answer is when that was in the database, on the shared clock. */
  | { readonly type: 'set'; readonly host: number; readonly endpoint: number; readonly isMember: boolean }
  /** The answer is how many flows all switches have. */
  | { readonly type: 'count' };

let fleet: Fleet | undefined;

process.on('message', async (order: FleetOrder) => process.send!(await obey(order)));
process.on('disconnect', () => process.exit());
process.send!({ isReady: true });

async function obey(order: FleetOrder): Promise<object> {
  switch (order.type) {
    case 'start':
      fleet = await Fleet.start(order.slice);
      return { databases: fleet.databases };
    case 'call':
      fleet!.call(order.port);
      return {};
    case 'set': {
      const atMs = sharedNowMs();
      fleet!.setMember(order.host, order.endpoint, order.isMember);
      return { atMs };
    }
    case 'count':
      return { flows: fleet!.flows };
  }
}
