import { WireError } from '../../../util/errors.ts';

/**
 * What Open vSwitch would not take: `OFP_REFUSED`. Its `reason` is the error that the switch would answer with,
 * as in `OFPBAC_BAD_ARGUMENT`.
 */
export class Refusal extends WireError {
  readonly reason: string;
  /** What is wrong. */
  readonly sentence: string;

  constructor(reason: string, sentence: string) {
    super('OFP_REFUSED', `${reason}: ${sentence}`);
    this.reason = reason;
    this.sentence = sentence;
  }
}

/** Throws a {@link Refusal} unless the condition holds. */
export function demand(condition: boolean, reason: string, sentence: string): asserts condition {
  if (!condition) throw new Refusal(reason, sentence);
}
