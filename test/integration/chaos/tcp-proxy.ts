import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** One way through a proxy: what may still pass, in bytes. */
interface Way {
  readonly from: Socket;
  readonly to: Socket;
  left: number;
}

/** Stands between clients and a server on a Unix socket, and breaks their connections in the middle of messages. */
export class TcpProxy {
  readonly #server: Server;
  readonly #path: string;
  readonly #ways = new Set<Way>();

  static async start(path: string): Promise<TcpProxy> {
    const proxy = new TcpProxy(path);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  private constructor(path: string) {
    this.#path = path;
    this.#server = createServer((socket) => this.#accept(socket));
  }

  /** How clients reach it. */
  get method(): string {
    return `tcp:127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Cuts each connection that is open when so many more bytes have passed, from the server or to it. */
  cutAfter(bytes: number): void {
    for (const way of this.#ways) way.left = Math.min(way.left, bytes);
  }

  async close(): Promise<void> {
    for (const { from, to } of this.#ways) {
      from.destroy();
      to.destroy();
    }
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(client: Socket): void {
    const server = connect({ path: this.#path });
    this.#pass(client, server);
    this.#pass(server, client);
  }

  #pass(from: Socket, to: Socket): void {
    const way: Way = { from, to, left: Infinity };
    const cut = () => {
      from.destroy();
      to.destroy();
      this.#ways.delete(way);
    };
    this.#ways.add(way);
    from.on('data', (bytes: Buffer) => {
      if (to.destroyed) return;
      if (bytes.length < way.left) {
        to.write(bytes);
        way.left -= bytes.length;
        return;
      }
      from.pause();
      to.write(bytes.subarray(0, way.left), cut);
    });
    from.on('error', () => {});
    from.on('close', cut);
  }
}
