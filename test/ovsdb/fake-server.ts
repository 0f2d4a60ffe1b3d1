import type { Socket } from 'node:net';
import { formatMethod, type Listener, listen, parseMethod } from '../../src/net/index.ts';
import type { Json } from '../../src/ovsdb/rpc/json.ts';
import { JsonRpcPeer } from '../../src/ovsdb/rpc/json-rpc.ts';
import { OvsdbError } from '../../src/ovsdb/rpc/remote-error.ts';
import { Arrivals } from '../net/sockets.ts';
import { testSchema } from './test-schema.ts';

/** One request that reached a {@link FakeServer}. */
export interface Call {
  readonly method: string;
  readonly params: readonly Json[];
}

/** Answers a method; what it throws is the error. */
export type Handler = (params: readonly Json[], peer: JsonRpcPeer) => Json | Promise<Json>;

/** An OVSDB server of the test schema that can do what a real one never would, on a free loopback port. */
export class FakeServer {
  /** Each connection, as it comes. */
  readonly connections = new Arrivals<JsonRpcPeer>();
  /** The connections as sockets, for bytes that are no JSON-RPC. */
  readonly sockets = new Arrivals<Socket>();
  readonly calls: Call[] = [];
  /** The methods it knows; they may be changed at any time. */
  readonly handlers: Record<string, Handler>;
  /** Answers the monitor of `_Server`; `calls` do not hold it. Default: there is no such database. */
  status: Handler = () => {
    throw new OvsdbError('unknown database', { what: 'monitor_cond_since' });
  };
  #listener!: Listener;

  static async start(handlers: Readonly<Record<string, Handler>> = {}): Promise<FakeServer> {
    const server = new FakeServer(handlers);
    server.#listener = await listen(parseMethod('ptcp:0'), (socket) => server.#accept(socket));
    return server;
  }

  private constructor(handlers: Readonly<Record<string, Handler>>) {
    this.handlers = { get_schema: () => testSchema.json as unknown as Json, ...handlers };
  }

  /** The active method that reaches it. */
  get method(): string {
    return formatMethod(this.#listener.method).replace(/^ptcp:(\d+):(.*)$/, 'tcp:$2:$1');
  }

  /** The methods called so far, in order. */
  get methods(): readonly string[] {
    return this.calls.map(({ method }) => method);
  }

  close(): Promise<void> {
    return this.#listener.close();
  }

  #accept(socket: Socket): void {
    const peer = new JsonRpcPeer(socket, {
      probeIntervalMs: 0,
      onRequest: (method, params) => {
        if (method === 'set_db_change_aware') return {};
        if (params[0] === '_Server') return this.status(params, peer);
        this.calls.push({ method, params });
        const handler = this.handlers[method];
        if (handler === undefined) throw new OvsdbError('unknown method', { what: method });
        return handler(params, peer);
      },
    });
    this.sockets.push(socket);
    this.connections.push(peer);
  }
}
