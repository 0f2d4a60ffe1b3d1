import { Controller } from 'galago/app';
import { type Recording, startRecording } from '../../harness/profile.ts';
import { sharedNowMs } from './clock.ts';

// The controller of a pod network, as the command runs it, and how it is doing.

/** What the parent asks for. */
export type PodsOrder =
  /** Begin, with these databases. The answer is where switches can call. */
  | { readonly type: 'start'; readonly databases: readonly string[] }
  /** Answer when so many interfaces are in pods, and every switch has confirmed what follows. */
  | { readonly type: 'await'; readonly members: number }
  /** The answer is what it has used so far, when garbage has been collected. */
  | { readonly type: 'measure' }
  /** The answer is its CPU so far: nothing is collected for it. */
  | { readonly type: 'cpu' }
  | { readonly type: 'startProfile' | 'stopProfile' };

/** What it has used so far. */
export interface PodsMeasure {
  readonly heapBytes: number;
  readonly rssBytes: number;
}

/** The CPU that it has used so far. */
export interface PodsCpu {
  readonly cpuMs: number;
}

/** That all is as awaited, and since when on the shared clock. */
export interface PodsSettled {
  readonly atMs: number;
}

let controller: Controller | undefined;
let recording: Recording | undefined;
let members = 0;
/** Of each switch that is there. */
const membersOf = new Map<string, number>();
let awaited: number | undefined;

process.on('message', (order: PodsOrder) => void obey(order));
process.on('disconnect', () => process.exit());
process.send!({ isReady: true });

async function obey(order: PodsOrder): Promise<void> {
  switch (order.type) {
    case 'start': {
      controller = new Controller({ openflow: ['ptcp:0:127.0.0.1'], ovsdb: order.databases });
      controller.subscribe((event) => {
        if (event.type === 'podJoined') count(event.switch, 1);
        else if (event.type === 'podLeft') count(event.switch, -1);
        else if (event.type === 'switchDown') count(event.switch, -(membersOf.get(event.switch) ?? 0));
      });
      await controller.start();
      process.send!({ port: Number(controller.listening[0]!.split(':')[1]) });
      return;
    }
    case 'await':
      awaited = order.members;
      return answerWhenThere();
    case 'startProfile':
      recording = await startRecording();
      process.send!({ isRecording: true });
      return;
    case 'stopProfile':
      process.send!({ profile: await recording!.stop() });
      return;
    case 'measure': {
      globalThis.gc?.();
      const { heapUsed, rss } = process.memoryUsage();
      const measure: PodsMeasure = { heapBytes: heapUsed, rssBytes: rss };
      process.send!(measure);
      return;
    }
    case 'cpu': {
      const { user, system } = process.cpuUsage();
      const cpu: PodsCpu = { cpuMs: (user + system) / 1000 };
      process.send!(cpu);
    }
  }
}

function count(id: string, change: number): void {
  membersOf.set(id, (membersOf.get(id) ?? 0) + change);
  members += change;
  answerWhenThere();
}

function answerWhenThere(): void {
  if (members !== awaited) return;
  awaited = undefined;
  void controller!.settled().then(() => {
    const settled: PodsSettled = { atMs: sharedNowMs() };
    process.send!(settled);
  });
}
