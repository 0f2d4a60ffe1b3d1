import type { ErrorMessage } from '../messages/error.ts';
import { remoteError } from './requests.ts';

/** What was refused of a run of messages. */
export interface Watch {
  /** Throws the first refusal as a RemoteError, if there was one; `describe` says what the message with its xid was. */
  throwFirst(describe: (xid: number) => string): void;
  end(): void;
}

interface Run {
  readonly first: number;
  readonly last: number;
  refusal: ErrorMessage | undefined;
}

/** Collects the errors that answer messages which were sent in one go, so that their xids follow each other. */
export class ErrorWatch {
  readonly #runs = new Set<Run>();

  /** Begins to watch the messages with xids `first` to `last`; to be called before any answer can have come. */
  start(first: number, last: number): Watch {
    const run: Run = { first, last, refusal: undefined };
    this.#runs.add(run);
    return {
      throwFirst(describe) {
        if (run.refusal !== undefined) throw remoteError(describe(run.refusal.xid), run.refusal);
      },
      end: () => this.#runs.delete(run),
    };
  }

  /** Hands an error to whoever watches its message; false when nobody does. */
  tell(error: ErrorMessage): boolean {
    for (const run of this.#runs) {
      // Counted from the first, because xids begin again at 1 when they run out.
      if ((error.xid - run.first) >>> 0 > (run.last - run.first) >>> 0) continue;
      run.refusal ??= error;
      return true;
    }
    return false;
  }
}
