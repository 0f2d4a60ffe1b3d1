import { request } from 'node:http';
import { type SetTimer, systemTimer } from '../../util/timer.ts';

/** What has happened to a container: it has started, its process has ended, or it was removed. */
export interface ContainerEvent {
  readonly action: 'start' | 'die' | 'destroy';
  readonly id: string;
}

/** How {@link followEvents} follows. */
interface FollowOptions {
  /** Called when the Engine can be reached, at first or again: whatever happened before was not told. */
  readonly onReached: () => void;
  readonly onEvent: (event: ContainerEvent) => void;
  readonly setTimer?: SetTimer;
}

/**
 * Follows Docker's containers, for as long as it takes: an Engine that does not run, or whose stream of events ends, is
 * asked again every five seconds.
 * @returns what ends it
 */
export function followEvents(
  socketPath: string,
  { onReached, onEvent, setTimer = systemTimer }: FollowOptions,
): () => void {
  const filters = encodeURIComponent(JSON.stringify({ type: ['container'], event: ACTIONS }));
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
      let rest = '';
      response.setEncoding('utf8');
      response.on('data', (text: string) => {
        const lines = (rest + text).split('\n');
        rest = lines.pop() ?? '';
        for (const event of lines.flatMap((line) => readEvent(line) ?? [])) onEvent(event);
        if (rest.length > MAX_LENGTH) call.destroy();
      });
      response.on('error', again);
      response.on('close', again);
      onReached();
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

/** An event of the stream (Docker Engine API, `GET /events`); undefined for anything else. */
function readEvent(line: string): ContainerEvent | undefined {
  try {
    const { Action: text, Actor: actor } = JSON.parse(line) as EventJson;
    const action = ACTIONS.find((known) => known === text);
    return action === undefined || actor?.ID === undefined ? undefined : { action, id: actor.ID };
  } catch {
    return undefined;
  }
}

interface EventJson {
  readonly Action?: string;
  readonly Actor?: { readonly ID?: string };
}

const ACTIONS = ['start', 'die', 'destroy'] as const;
const RETRY_MS = 5000;
/** An event is a line, of a container's labels for the most part. */
const MAX_LENGTH = 4 * 1024 * 1024;
