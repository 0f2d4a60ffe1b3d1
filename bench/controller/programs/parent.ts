import { type Recording, startRecording } from '../../harness/profile.ts';

/** What a controller of ours is asked for by the process that measures it. */
export type ControllerRequest = 'startProfile' | 'stopProfile' | 'collectGarbage';

let recording: Recording | undefined;

/** Tells the parent where this controller listens, and does what it asks for until it is gone. */
export function serveParent(port: number): void {
  process.on('disconnect', () => process.exit());
  process.on('message', async (request: ControllerRequest) => process.send!({ answer: await obey(request) }));
  process.send!({ port });
}

async function obey(request: ControllerRequest): Promise<unknown> {
  switch (request) {
    case 'startProfile':
      recording = await startRecording();
      return true;
    case 'stopProfile':
      return recording?.stop();
    case 'collectGarbage':
      // Twice: what the first run has finalized is freed by the second.
      gc?.();
      gc?.();
      return true;
  }
}
