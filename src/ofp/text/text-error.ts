import { WireError } from '../../util/errors.ts';
import { suggest } from '../../util/suggest.ts';

/** Longest part of the text that an error shows; longer texts are cut around the mistake. */
const WINDOW = 60;

/**
 * Text that is no match, flow, group or meter (ovs-ofctl(8)): `OFP_TEXT_INVALID`. Its message shows the text and points
 * at the mistake.
 */
export class TextError extends WireError {
  /** The whole text that was parsed. */
  readonly text: string;
  /** Where in `text` the mistake is, counted in UTF-16 units from 0. */
  readonly position: number;

  constructor(sentence: string, text: string, position: number) {
    super('OFP_TEXT_INVALID', `${sentence}\n${pointAt(text, position)}`);
    this.text = text;
    this.position = position;
  }
}

/** `; did you mean 'nw_src'?` when a known word is near, else nothing. */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  const near = suggest(word, candidates);
  return near === undefined ? '' : `; did you mean '${near}'?`;
}

/** Two lines: the text around `position`, and a caret under it. */
function pointAt(text: string, position: number): string {
  const start = Math.max(0, Math.min(position - WINDOW / 2, text.length - WINDOW));
  const end = Math.min(text.length, start + WINDOW);
  const lead = start > 0 ? '…' : '';
  const shown = text.slice(start, end).replace(/[^\x20-\x7e]/g, ' ');
  return `  ${lead}${shown}${end < text.length ? '…' : ''}\n  ${' '.repeat(lead.length + position - start)}^`;
}
