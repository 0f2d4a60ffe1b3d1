import { type Argument, InvalidArgumentError, type Option } from 'commander';
import { UsageError } from '../util/errors.ts';
import { readTunnelAddress } from '../util/tunnel-address.ts';
import { didYouMean } from './command-line.ts';

/** Reads the value of an option; `previous` is what earlier ones came to, or the default. */
export type ValueParser<T> = (text: string, previous: T) => T;

/** A value that is passed on as it was written, if `parse` can read it. */
export function checked(parse: (text: string) => unknown): ValueParser<string> {
  return (text) => {
    try {
      parse(text);
    } catch (error) {
      if (error instanceof UsageError) throw new InvalidArgumentError(error.message);
      throw error;
    }
    return text;
  };
}

/** An option that may be given several times; the first time takes the place of the `defaults`. */
export function repeatable(
  parse: ValueParser<string>,
  defaults?: readonly string[],
): ValueParser<readonly string[] | undefined> {
  return (text, previous) => {
    const value = parse(text, '');
    return previous === undefined || previous === defaults ? [value] : [...previous, value];
  };
}

/** Has an option or an argument take one of these words, and refuse others with the one that is near. */
export function oneOf<T extends Option | Argument>(what: T, words: readonly string[]): T {
  what.choices(words).argParser((text: string) => {
    if (words.includes(text)) return text;
    throw new InvalidArgumentError(`Allowed choices are ${words.join(', ')}${didYouMean(text, words)}`);
  });
  return what;
}

/** The address of a tunnel's end. */
export const tunnelAddress: ValueParser<string> = (text) => {
  const address = readTunnelAddress(text);
  if (address !== undefined) return address;
  throw new InvalidArgumentError(`expected a host's address like 192.0.2.1 or 2001:db8::1, got '${text}'`);
};

/** A number of bytes that a packet may have. */
export const bytes: ValueParser<number> = (text) => {
  const number = Number(text);
  if (/^\d{3,5}$/.test(text) && number >= 576 && number <= 65_535) return number;
  throw new InvalidArgumentError(`expected a number of bytes from 576 to 65535, got '${text}'`);
};

/** How long somebody has to do something, in seconds. */
export const seconds: ValueParser<number> = (text) => {
  const number = Number(text);
  if (/^\d{1,4}$/.test(text) && number >= 5 && number <= 3600) return number;
  throw new InvalidArgumentError(`expected a number of seconds from 5 to 3600, got '${text}'`);
};

/** A TCP port. */
export const port: ValueParser<string> = (text) => {
  if (/^\d{1,5}$/.test(text) && Number(text) > 0 && Number(text) < 0x1_0000) return text;
  throw new InvalidArgumentError(`expected a port from 1 to 65535, got '${text}'`);
};

/** A name for a bridge, whose link is called the same. */
export const bridgeName = linkName(15);

/** A name for a bridge that leaves room for those of its ports. */
export const vswitchName = linkName(11);

function linkName(maxLength: number): ValueParser<string> {
  return (text) => {
    if (/^[A-Za-z][\w.-]*$/.test(text) && text.length <= maxLength) return text;
    const expected = `a letter, then letters, digits, '.', '_' or '-', at most ${maxLength}`;
    throw new InvalidArgumentError(`expected a name (${expected}), got '${text}'`);
  };
}

/** A number of seconds that somebody may wait. */
export const graceSeconds: ValueParser<number> = (text) => {
  if (/^\d{1,4}$/.test(text)) return Number(text);
  throw new InvalidArgumentError(`expected a number of seconds from 0 to 9999, got '${text}'`);
};
