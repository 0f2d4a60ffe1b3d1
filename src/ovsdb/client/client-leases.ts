import type { GalagoError } from '../../util/errors.ts';
import { type SetTimer, systemTimer } from '../../util/timer.ts';
import type { Replica } from '../replica/replica.ts';
import type { CallOptions } from '../rpc/json-rpc.ts';
import { leftOf } from '../rpc/waiting-line.ts';
import type { Transaction } from '../transaction/transaction.ts';
import type { ClientCalls } from './client-calls.ts';
import { type LeaseOptions, OvsdbLease } from './lease.ts';
import { DEFAULT_COLUMNS, DEFAULT_TABLE } from './lease-row.ts';

/** What {@link ClientLeases} need of their client. */
interface ClientLeasesOptions {
  readonly calls: ClientCalls;
  readonly replicate: (
    selection: Readonly<Record<string, unknown>>,
    options: CallOptions,
  ) => Promise<Replica>;
  readonly transact: <T>(build: (tx: Transaction) => T) => Promise<T>;
  readonly setTimer: SetTimer | undefined;
}

/** The leases that a client has or contends for. */
export class ClientLeases {
  readonly #options: ClientLeasesOptions;
  readonly #leases = new Set<OvsdbLease>();

  constructor(options: ClientLeasesOptions) {
    this.#options = options;
  }

  /** See `OvsdbClient.lease`. */
  async lease(name: string, options: LeaseOptions): Promise<OvsdbLease> {
    const { calls, replicate, transact, setTimer = systemTimer } = this.#options;
    const { now } = calls;
    const { table = DEFAULT_TABLE, columns = DEFAULT_COLUMNS } = options;
    const startedAt = now();
    const selection = { [table]: { columns: Object.values(columns), where: [[columns.name, '==', name]] } };
    const replica = await replicate(selection, options);
    const lease = new OvsdbLease({
      ...{ name, options, replica, calls, setTimer, transact },
      onEnd: () => this.#leases.delete(lease),
    });
    this.#leases.add(lease);
    try {
      lease.start();
      await lease.acquired(leftOf(options, now() - startedAt));
    } catch (error) {
      await lease.release();
      throw error;
    }
    return lease;
  }

  /** The client is closed. */
  end(error: GalagoError): void {
    for (const lease of this.#leases) lease.end(error);
  }
}
