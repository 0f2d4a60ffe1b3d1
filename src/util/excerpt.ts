/** What is shown of others' words at most, in characters. */
const MAX_LENGTH = 300;

/** The beginning of a text that has others' words in it, on one line and without control characters: for messages. */
export function excerpt(text: string): string {
  const shown = text.slice(0, MAX_LENGTH).replaceAll(/\p{C}/gu, '\ufffd');
  return text.length > MAX_LENGTH ? `${shown}…` : shown;
}
