import { EXPERIMENTER_ERROR, errorName } from '../../ofp/error-names.ts';
import { Experimenter } from '../../ofp/oxm/fields.ts';
import { Refusal } from '../../ofp/text/check/refusal.ts';
import { WireError } from '../../util/errors.ts';

/** What an error message says in numbers (OpenFlow 1.3.5, 7.4.4). */
export interface ErrorNumbers {
  readonly errorType: number;
  readonly code: number;
  readonly experimenter: number;
}

/** The numbers of errors by their name, as in `OFPFMFC_OVERLAP`. */
const NUMBERS = new Map<string, ErrorNumbers>();
const RANGES: readonly (readonly [experimenter: number, first: number, last: number])[] = [
  [Experimenter.ONF, 2300, 2400],
  [Experimenter.ONF, 2600, 2641],
  [Experimenter.ONF, 4250, 4250],
  [Experimenter.ONF, 4443, 4448],
  [Experimenter.NICIRA, 2, 44],
];
for (let errorType = 0; errorType < 14; errorType++) {
  for (let code = 0; code < 16; code++)
    NUMBERS.set(errorName(errorType, code), { errorType, code, experimenter: 0 });
}
for (const [experimenter, first, last] of RANGES) {
  for (let code = first; code <= last; code++) {
    const numbers = { errorType: EXPERIMENTER_ERROR, code, experimenter };
    NUMBERS.set(errorName(EXPERIMENTER_ERROR, code, experimenter), numbers);
  }
}

/** What is answered to a malformed message: OFPBRC_BAD_LEN. */
const MALFORMED: ErrorNumbers = { errorType: 1, code: 6, experimenter: 0 };

/** What is answered where OpenFlow 1.3 has no number for the error: NXBRC_UNENCODABLE_ERROR. */
const UNENCODABLE: ErrorNumbers = {
  errorType: EXPERIMENTER_ERROR,
  code: 10,
  experimenter: Experimenter.NICIRA,
};

/**
 * The numbers to answer a refused message with.
 * @throws the error itself when it says nothing about the message
 */
export function errorNumbers(error: unknown): ErrorNumbers {
  if (error instanceof Refusal) return NUMBERS.get(error.reason) ?? UNENCODABLE;
  if (error instanceof WireError) return MALFORMED;
  throw error;
}
