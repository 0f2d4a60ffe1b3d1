import { request } from 'node:http';
import { type SetTimer, systemTimer } from '../util/timer.ts';

/** How {@link followStarts} follows. */
interface FollowOptions {
  /** Called with the id of a container that has started, and without when the Engine can be reached, at first or again. */
  readonly onStart: (id?: string) => void;
  readonly setTimer?: SetTimer;
}

/**
 * Follows the containers that Docker starts, for as long as it takes: an Engine that does not run is asked again every
 * five seconds.
 * @returns what ends it
 */
export function followStarts(
  socketPath: string,
  { onStart, setTimer = systemTimer }: FollowOptions,
): () => void {
  const filters = encodeURIComponent(JSON.stringify({ type: ['container'], event: ['start'] }));
  let stop = () => {};
  const follow = () => {
    let isOver = false;
    const again = () => {
      if (isOver) return;
      isOver = true;
      stop = setTimer(follow, RETRY_MS);
    };
    const call = request({ socketPath, path: `/events?filters=${filters}`, headers: { host: 'docker' } });
    call.on('response', (response) => {
      onStart();
      response.on('data', (chunk: Buffer) => onStart(idIn(chunk.toString())));
      response.on('error', again);
      response.on('close', again);
    });
    call.on('error', again);
    call.end();
    stop = () => {
      isOver = true;
      call.destroy();
    };
  };
  follow();
  return () => stop();
}

/** The Engine sends each event in one piece; undefined for several, or anything else. */
function idIn(text: string): string | undefined {
  try {
    const { Actor: actor } = JSON.parse(text) as { readonly Actor?: { readonly ID?: string } };
    return actor?.ID;
  } catch {
    return undefined;
  }
}

const RETRY_MS = 5000;
