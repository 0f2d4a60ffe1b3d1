import type { Socket as UdpSocket } from 'node:dgram';
import type { Server, Socket } from 'node:net';
import { ContinuousPing, type PingOptions, type PingResult, parsePing, pingArguments } from './ping.ts';
import { type CommandContext, CommandError, type RunOptions, run } from './run.ts';
import { type RunningProcess, type StartOptions, startProcess } from './running-process.ts';
import { contextOf, netnsOf, type Scope } from './scope.ts';
import { bindUdpIn, connectIn, listenIn, type OpenSocketOptions, type SocketAddress } from './sockets.ts';

/** A network namespace of the lab, and what can be done from inside it: the common part of hosts and containers. */
export class NetworkNamespace {
  /** Its name within the lab: `h1`. */
  readonly name: string;
  /** Its name for `ip netns`. */
  readonly netns: string;
  protected readonly scope: Scope;
  readonly #context: CommandContext;
  readonly #held = new Set<() => void>();

  protected constructor(scope: Scope, name: string) {
    this.scope = scope;
    this.name = name;
    this.netns = netnsOf(scope, name);
    this.#context = contextOf(scope, name);
    scope.closers.add(() => this.closeSockets());
  }

  /**
   * Runs a command inside to its end and returns its standard output.
   * @throws CommandError `LAB_COMMAND_FAILED`; TimeoutError `LAB_COMMAND_TIMEOUT`.
   */
  exec(command: string, args: readonly string[] = [], options: RunOptions = {}): Promise<string> {
    return run(command, args, this.#inside(options));
  }

  /**
   * Starts a command inside that goes on running; `lab.close()` ends it if nobody did.
   * @throws CommandError `LAB_COMMAND_FAILED` when it cannot be started.
   */
  start(command: string, args: readonly string[] = [], options: StartOptions = {}): Promise<RunningProcess> {
    return startProcess(command, args, this.#inside(options));
  }

  /** Pings an address. Silence is a result, not an error. */
  async ping(address: string, options: PingOptions = {}): Promise<PingResult> {
    try {
      return parsePing(await this.exec('ping', pingArguments(address, options)));
    } catch (error) {
      // ping(8) ends with 1 when replies are missing, and with 2 when it could not ping.
      if (error instanceof CommandError && error.exitCode === 1) return parsePing(error.stdout);
      throw error;
    }
  }

  /**
   * Pings an address, every 10 ms unless told otherwise, until `stop()` of the result tells what was lost.
   * @throws TimeoutError `LAB_WAIT_TIMEOUT` when there is no reply to begin with.
   */
  startPing(address: string, options: { readonly intervalMs?: number } = {}): Promise<ContinuousPing> {
    return new ContinuousPing().start(address, options.intervalMs ?? 10, (args, onLine) =>
      this.start('ping', args, { onLine }),
    );
  }

  /** A TCP server inside, whose connections are accepted in this process. Port 0 takes a free one. */
  async listen(at: SocketAddress, options?: OpenSocketOptions): Promise<Server> {
    const server = await listenIn(this.#context, at, options);
    server.on('connection', (socket: Socket) => this.#holdSocket(socket));
    return this.hold(server, () => server.close());
  }

  /**
   * A TCP connection that starts inside and ends in this process.
   * @throws LabError `LAB_SOCKET_FAILED` when refused; TimeoutError `LAB_SOCKET_TIMEOUT` when unanswered.
   */
  async connect(to: SocketAddress, options?: OpenSocketOptions): Promise<Socket> {
    return this.#holdSocket(await connectIn(this.#context, to, options));
  }

  /** A UDP socket inside, read and written in this process. Port 0 takes a free one. */
  async bindUdp(at: SocketAddress, options?: OpenSocketOptions): Promise<UdpSocket> {
    const socket = await bindUdpIn(this.#context, at, options);
    return this.hold(socket, () => socket.close());
  }

  /** Closes what {@link listen}, {@link connect} and {@link bindUdp} have opened. Idempotent. */
  closeSockets(): void {
    const held = [...this.#held];
    this.#held.clear();
    for (const close of held) close();
  }

  #inside<T extends CommandContext>(options: T): T {
    return { ...options, netns: this.netns, env: { ...options.env, ...this.scope.env } };
  }

  #holdSocket(socket: Socket): Socket {
    // Whoever uses it sees 'close' in any case; an end that nobody listens to must not end the process.
    socket.on('error', () => {});
    return this.hold(socket, () => socket.destroy());
  }

  /** Has {@link closeSockets} close something, unless it closes before. */
  protected hold<T extends { once(event: 'close', listener: () => void): unknown }>(
    held: T,
    close: () => void,
  ): T {
    this.#held.add(close);
    held.once('close', () => this.#held.delete(close));
    return held;
  }
}
