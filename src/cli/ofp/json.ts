import Long from 'long';
import { FIELDS, type Message, type MessageInit } from '../../ofp/index.ts';

/** A message as JSON has it: 64-bit numbers as decimal text, bytes as hexadecimal. */
export function formatJson(value: object): string {
  return JSON.stringify(plainOf(value));
}

/**
 * Reads what {@link formatJson} writes, or a message that people write: digits in quotes are a number, but for names,
 * and what stands for bytes is hexadecimal.
 * @throws SyntaxError for what is no JSON
 */
export function parseJson(text: string): MessageInit {
  return revived(JSON.parse(text)) as Message;
}

function plainOf(value: unknown): unknown {
  if (Long.isLong(value) || typeof value === 'bigint') return value.toString();
  if (value instanceof Uint8Array) return hexOf(value);
  if (Array.isArray(value)) return value.map(plainOf);
  if (typeof value !== 'object' || value === null) return value;
  // Messages that decode lazily have accessors in place of properties, and say with toJSON what they are.
  const plain = 'toJSON' in value && typeof value.toJSON === 'function' ? value.toJSON() : value;
  return Object.fromEntries(Object.entries(plain).map(([key, member]) => [key, plainOf(member)]));
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}

type Plain = Readonly<Record<string, unknown>>;

/** Keys whose text is bytes. */
const BYTES = new Set(['data', 'raw', 'note', 'userdata', 'body', 'continuation']);
/** Keys whose text stays text, digits or not. */
const TEXT = new Set(['name', 'manufacturer', 'hardware', 'software', 'serialNumber', 'datapath']);

function revived(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(revived);
  if (typeof value === 'string') return numberOf(value);
  if (typeof value !== 'object' || value === null) return value;
  const members = value as Plain;
  return Object.fromEntries(
    Object.entries(members).map(([key, member]) => [key, revivedMember(key, member, members)]),
  );
}

function revivedMember(key: string, member: unknown, members: Plain): unknown {
  if (TEXT.has(key)) return member;
  const isBytes = BYTES.has(key) || isBytesField(key) || isValueOfBytes(key, members);
  return isBytes ? bytesOf(member) : revived(member);
}

function numberOf(text: string): string | bigint {
  return /^\d+$/.test(text) ? BigInt(text) : text;
}

function isBytesField(name: unknown): boolean {
  if (typeof name !== 'string') return false;
  if (name.startsWith('unknown:')) return true;
  return Object.hasOwn(FIELDS, name) && FIELDS[name as keyof typeof FIELDS].kind === 'bytes';
}

/** Values that stand beside the name of their field. */
function isValueOfBytes(key: string, { field }: Plain): boolean {
  return (key === 'value' || key === 'mask') && isBytesField(field);
}

/** Bytes, or bytes under a mask. */
function bytesOf(member: unknown): unknown {
  if (typeof member === 'string' && /^([0-9a-f]{2})*$/i.test(member)) return Buffer.from(member, 'hex');
  if (typeof member !== 'object' || member === null || Array.isArray(member)) return revived(member);
  const entries = Object.entries(member);
  const isMasked = entries.every(([key]) => key === 'value' || key === 'mask');
  return isMasked ? Object.fromEntries(entries.map(([key, part]) => [key, bytesOf(part)])) : revived(member);
}
