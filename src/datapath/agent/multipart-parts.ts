import { encode, type MessageInit } from '../../ofp/message.ts';
import { MULTIPART_MORE, type MultipartReplyInit } from '../../ofp/multipart/multipart.ts';

const HEADER_SIZE = 16;
const MAX_SIZE = 0xffff;

/** Splits a reply whose body is a list into parts that each fit a message (OpenFlow 1.3.5, 7.3.5). */
export function partsOf(multipartType: string, xid: number, body: unknown): readonly MessageInit[] {
  const reply = (part: unknown, flags: number) =>
    ({ type: 'multipartReply', multipartType, xid, flags, body: part }) as MultipartReplyInit;
  if (!Array.isArray(body)) return [reply(body, 0)];
  const parts: unknown[][] = [[]];
  let size = HEADER_SIZE;
  for (const entry of body) {
    const entrySize = encode(reply([entry], 0)).length - HEADER_SIZE;
    if (size + entrySize > MAX_SIZE) {
      parts.push([]);
      size = HEADER_SIZE;
    }
    parts.at(-1)!.push(entry);
    size += entrySize;
  }
  return parts.map((part, index) => reply(part, index < parts.length - 1 ? MULTIPART_MORE : 0));
}
