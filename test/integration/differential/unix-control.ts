import { dial } from '../../../src/net/dial.ts';
import { parseMethod } from '../../../src/net/method.ts';
import { JsonRpcPeer } from '../../../src/ovsdb/rpc/json-rpc.ts';

/** How many commands ovs-vswitchd does of one connection before it turns to its packets again. */
const COMMANDS_A_TURN = 10;

/** One lasting connection to what `ovs-appctl` speaks to: a process a command would take most of the time. */
export class UnixControl {
  readonly #peer: JsonRpcPeer;

  static async connect(path: string): Promise<UnixControl> {
    return new UnixControl(await dial(parseMethod(`unix:${path}`, { defaultPort: 0 })));
  }

  private constructor(socket: ConstructorParameters<typeof JsonRpcPeer>[0]) {
    this.#peer = new JsonRpcPeer(socket);
  }

  /** Does a command, as `ovs-appctl COMMAND ARGS...` does. */
  async command(name: string, ...args: readonly string[]): Promise<string> {
    return await this.#peer.request<string>(name, args, { decode: String });
  }

  /** Does a command, and resolves when the switch has been through its packets after it. */
  async commandAndTurn(name: string, ...args: readonly string[]): Promise<void> {
    const commands = [this.command(name, ...args)];
    for (let i = 0; i < COMMANDS_A_TURN; i++) commands.push(this.command('version'));
    await Promise.all(commands);
  }

  async close(): Promise<void> {
    await this.#peer.close();
  }
}
