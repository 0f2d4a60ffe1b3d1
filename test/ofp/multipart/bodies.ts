import { decode } from '../../../src/ofp/message.ts';
import type { MultipartBodies, MultipartType } from '../../../src/ofp/multipart/multipart.ts';

/** The body of a multipart reply. Fails when it is of another type. */
export function replyOf<T extends MultipartType>(type: T, bytes: Uint8Array): MultipartBodies[T]['reply'] {
  const message = decode(bytes);
  if (message.type === 'multipartReply' && message.multipartType === type) {
    return message.body as MultipartBodies[T]['reply'];
  }
  throw new Error(`expected a reply of type ${type}, got ${JSON.stringify(message)}`);
}

/** The body of a multipart request. Fails when it is of another type. */
export function requestOf<T extends MultipartType>(
  type: T,
  bytes: Uint8Array,
): MultipartBodies[T]['request'] {
  const message = decode(bytes);
  if (message.type === 'multipartRequest' && message.multipartType === type) {
    return message.body as MultipartBodies[T]['request'];
  }
  throw new Error(`expected a request of type ${type}, got ${JSON.stringify(message)}`);
}

/** All numbers that a pattern with one group finds in a text. */
export function numbersIn(text: string, pattern: RegExp): number[] {
  return [...text.matchAll(pattern)].map(([, digits]) => Number(digits));
}
