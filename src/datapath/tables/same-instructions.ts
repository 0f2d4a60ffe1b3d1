import { encodeInstructions, type Instruction } from '../../ofp/instruction.ts';
import { Writer } from '../../ofp/wire/writer.ts';

/** True when two lists of instructions are the same on the wire. */
export function sameInstructions(a: readonly Instruction[], b: readonly Instruction[]): boolean {
  const writer = new Writer(512);
  encodeInstructions(writer, a);
  const middle = writer.offset;
  encodeInstructions(writer, b);
  const { bytes, offset } = writer;
  return bytes.subarray(0, middle).equals(bytes.subarray(middle, offset));
}
