import { TextError } from './text-error.ts';

/** A part of a text that remembers where it stands in the whole, so that an error can point at it. */
export class Span {
  /** The whole text. */
  readonly source: string;
  /** Where the part begins and ends in `source`. */
  readonly start: number;
  readonly end: number;

  constructor(source: string, start = 0, end = source.length) {
    this.source = source;
    this.start = start;
    this.end = end;
  }

  get text(): string {
    return this.source.slice(this.start, this.end);
  }

  get isEmpty(): boolean {
    return this.start >= this.end;
  }

  /** The part between two offsets counted from this part's own beginning. */
  slice(from: number, to: number = this.end - this.start): Span {
    return new Span(this.source, this.start + from, Math.min(this.end, this.start + to));
  }

  /** The error that points `offset` characters into this part. */
  error(sentence: string, offset = 0): TextError {
    return new TextError(sentence, this.source, this.start + offset);
  }

  /** How many characters at the beginning are as they should be: those that the pattern matches there. */
  sizeOf(pattern: RegExp): number {
    const found = pattern.exec(this.text);
    return found?.index === 0 ? found[0].length : 0;
  }

  /** Splits at the first `separator`; undefined when there is none. */
  split(separator: string): [before: Span, after: Span] | undefined {
    const at = this.text.indexOf(separator);
    return at < 0 ? undefined : [this.slice(0, at), this.slice(at + separator.length)];
  }

  /** The parts between runs of the characters in `separators`, empty ones left out. */
  words(separators: string): Span[] {
    const words: Span[] = [];
    let from = this.start;
    for (let at = this.start; at <= this.end; at++) {
      if (at < this.end && !separators.includes(this.source[at]!)) continue;
      if (at > from) words.push(new Span(this.source, from, at));
      from = at + 1;
    }
    return words;
  }
}

/** A word of a text and what belongs to it: `key`, `key=value`, `key:value` or `key(value)`. */
export interface KeyValue {
  readonly key: Span;
  /** Empty when the key stands alone. */
  readonly value: Span;
  /** What stands between key and value. */
  readonly delimiter: '' | '=' | ':' | '(';
}

/**
 * Cuts `a,b=1,c(d,e(f)),g:h` into words with their values, as ovs-ofctl does: words end at commas and white space,
 * a value in parentheses at the one that closes it, and `(x)->y` belongs together (its value is `x)->y`).
 */
export function keyValues(span: Span): KeyValue[] {
  const found: KeyValue[] = [];
  const { source, end } = span;
  let at = span.start;
  for (;;) {
    while (at < end && SEPARATORS.includes(source[at]!)) at++;
    if (at >= end) return found;
    const keyEnd = scan(source, at, end, `:=(${SEPARATORS}`);
    const key = new Span(source, at, keyEnd);
    const delimiter = keyEnd < end && ':=('.includes(source[keyEnd]!) ? source[keyEnd]! : '';
    at = Math.min(end, keyEnd + 1);
    let valueEnd =
      delimiter === '' ? keyEnd : scanValue(source, at, end, delimiter === '(' ? ')' : SEPARATORS);
    if (delimiter === '(' && source.startsWith(')->', valueEnd) && valueEnd + 2 < end) {
      valueEnd = scanValue(source, valueEnd, end, SEPARATORS);
    }
    const value = delimiter === '' ? new Span(source, keyEnd, keyEnd) : new Span(source, at, valueEnd);
    found.push({ key, value, delimiter: delimiter as KeyValue['delimiter'] });
    if (delimiter !== '') at = Math.min(end, valueEnd + 1);
  }
}

const SEPARATORS = ', \t\r\n';

function scan(source: string, from: number, end: number, stops: string): number {
  let at = from;
  while (at < end && !stops.includes(source[at]!)) at++;
  return at;
}

/** As `scan`, but stops count only outside of parentheses. */
function scanValue(source: string, from: number, end: number, stops: string): number {
  let at = from;
  while (at < end && !stops.includes(source[at]!)) {
    let level = 0;
    do {
      if (source[at] === '(') level++;
      else if (source[at] === ')' && level > 0) level--;
      at++;
    } while (level > 0 && at < end);
  }
  return at;
}
