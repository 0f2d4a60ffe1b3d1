import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connectSwitch, decode, encode, Framer, type Message } from 'galago/ofp';
import { ClosedError, RemoteError } from '../src/util/errors.ts';
import { childrenCpuMs, cpuMs } from './harness/cpu.ts';
import type { Contender, Turn } from './harness/rounds.ts';
import { sampleFlow, sampleFlowText } from './sample-flow.ts';

/** The switch that all contenders fill. */
export interface Target {
  /** The path of its OpenFlow socket. */
  readonly path: string;
  readonly vswitchdPid: number;
}

/** Objects through `Switch.send`, in this process, which does nothing else meanwhile. */
export function galago(target: Target, flows: number): Contender {
  const messages = Array.from({ length: flows }, (_, number) => sampleFlow(number));
  return {
    name: 'galago',
    role: 'ours',
    async turn() {
      await using sw = await connectSwitch(`unix:${target.path}`);
      const refusals: Error[] = [];
      sw.on('requestError', ({ error }) => refusals.push(error));
      const turn = await timed(target, {
        cpuMs: () => cpuMs(process.pid),
        async work() {
          for (const message of messages) if (!sw.send(message)) await sw.drained();
          await sw.barrier({ timeoutMs: PATIENCE_MS });
        },
      });
      if (refusals.length > 0) throw refusals[0];
      return turn;
    },
  };
}

/** The same messages, encoded beforehand, in one write: no client can do less. */
export function rawSocket(target: Target, flows: number): Contender {
  const messages = Array.from({ length: flows }, (_, number) =>
    encode({ ...sampleFlow(number), xid: number }),
  );
  const bytes = Buffer.concat([...messages, encode({ type: 'barrierRequest', xid: flows })]);
  return {
    name: 'raw socket',
    role: 'limit',
    async turn() {
      const socket = connect(target.path);
      try {
        const greeted = received(socket, 'hello');
        socket.write(encode({ type: 'hello', elements: [] }));
        await greeted;
        return await timed(target, {
          cpuMs: () => cpuMs(process.pid),
          async work() {
            const done = received(socket, 'barrierReply');
            socket.write(bytes);
            await done;
          },
        });
      } finally {
        socket.destroy();
      }
    },
  };
}

/**
 * `ovs-ofctl add-flows`. It reads all flows before it connects, and it reads them from its standard input here, so
 * that its time begins when it has them: with the last line, not with its start.
 */
export function ovsOfctl(target: Target, flows: number, options: readonly string[]): Contender {
  const text = Array.from({ length: flows }, (_, number) => sampleFlowText(number)).join('');
  const argv = ['-O', 'OpenFlow13', ...options, 'add-flows', `unix:${target.path}`, '-'];
  return {
    name: ['ovs-ofctl', ...options, 'add-flows'].join(' '),
    role: 'peer',
    async turn() {
      const started = performance.now();
      const child = spawn('ovs-ofctl', argv, { stdio: ['pipe', 'ignore', 'pipe'] });
      const exited = once(child, 'exit');
      let said = '';
      child.stderr.setEncoding('utf8').on('data', (part: string) => {
        said += part;
      });
      child.stdin.end(text);
      await Promise.race([once(child.stdin, 'finish'), exited]);
      const turn = await timed(target, { cpuMs: () => childrenCpuMs(child), work: () => exited });
      if (child.exitCode !== 0) {
        throw new RemoteError('BENCH_PEER_FAILED', `exit code ${child.exitCode}: ${said.trim()}`);
      }
      return { ...turn, commandMs: performance.now() - started };
    },
  };
}

/** The work of a turn. */
interface Work {
  /** The CPU that the client has used so far. */
  readonly cpuMs: () => number;
  readonly work: () => Promise<unknown>;
}

async function timed({ vswitchdPid }: Target, client: Work): Promise<Turn> {
  const clientBefore = client.cpuMs();
  const switchBefore = cpuMs(vswitchdPid);
  const begun = performance.now();
  await client.work();
  const elapsedMs = performance.now() - begun;
  const used = { client: client.cpuMs() - clientBefore, switch: cpuMs(vswitchdPid) - switchBefore };
  return { elapsedMs, cpuMs: used };
}

/** Resolves when a message of the type has come; an error message or the end of the connection rejects. */
function received(socket: Socket, type: Message['type']): Promise<void> {
  return new Promise((resolve, reject) => {
    const framer = new Framer((wire, start) => {
      const message = decode(wire.bytes, start);
      if (message.type === 'error')
        reject(new RemoteError(message.name, `the switch answered ${message.name}`));
      else if (message.type === type) resolve();
    });
    socket.on('data', (chunk) => framer.push(chunk)).on('error', reject);
    socket.on('close', () => reject(new ClosedError('OFP_CLOSED', 'the switch closed the connection')));
  });
}

/** The switch may take this long for all of it. */
const PATIENCE_MS = 600_000;
