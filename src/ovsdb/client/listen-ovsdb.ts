import type { Socket } from 'node:net';
import { type Listener, type ListenOptions, listen, parseMethod } from '../../net/index.ts';
import { type GalagoError, UsageError } from '../../util/errors.ts';
import type { SchemaJson } from '../schema/schema-json.ts';
import { OvsdbClient } from './client.ts';
import type { OvsdbClientOptions } from './client-options.ts';

/**
 * How {@link listenOvsdb} accepts. `onFailure` also hears of connections whose server did not answer
 * `get_schema` as it should, and of `OVSDB_HANDLER_FAILED` when `onClient` throws or rejects.
 */
export interface ListenOvsdbOptions<S extends SchemaJson = SchemaJson>
  extends ListenOptions,
    OvsdbClientOptions<S> {}

/**
 * Listens for servers that call us, as switches do after `ovs-vsctl set-manager tcp:HOST:6640`:
 * `ptcp:6640` on loopback, `pssl:6640:0.0.0.0` for everybody with a certificate. Each connection becomes a client,
 * handed over when its schema is known. Such a client cannot dial: when the connection is lost it is closed, and
 * the switch that calls again is a new client.
 * @throws UsageError `NET_METHOD_INVALID`, `NET_TLS_REQUIRED`.
 * @throws ClosedError `NET_LISTEN_FAILED`.
 */
export async function listenOvsdb<S extends SchemaJson = SchemaJson>(
  method: string,
  onClient: (client: OvsdbClient<S>) => void | Promise<void>,
  options: ListenOvsdbOptions<S> = {},
): Promise<Listener> {
  const onFailure = options.onFailure ?? (() => {});
  const onSocket = (socket: Socket) => void welcome(socket, onClient, onFailure, options);
  return listen(parseMethod(method, { defaultPort: 6640 }), onSocket, options);
}

async function welcome<S extends SchemaJson>(
  socket: Socket,
  onClient: (client: OvsdbClient<S>) => void | Promise<void>,
  onFailure: (error: GalagoError) => void,
  options: ListenOvsdbOptions<S>,
): Promise<void> {
  let client: OvsdbClient<S>;
  try {
    client = await OvsdbClient.accept(socket, options);
  } catch (error) {
    return onFailure(error as GalagoError);
  }
  try {
    await onClient(client);
  } catch (cause) {
    await client.close();
    const message = `the handler of an OVSDB client threw: ${String(cause)}`;
    onFailure(new UsageError('OVSDB_HANDLER_FAILED', message, { cause }));
  }
}
