import { describe, expect, it } from '@jest/globals';
import type { FlowSpec } from '../../../src/ofp/index.ts';
import { encodeFlowEntry } from '../../../src/ofp/session/flow-entry.ts';
import { FlowIndex } from '../../../src/ofp/session/flow-index.ts';
import { Writer } from '../../../src/ofp/wire/writer.ts';

const flow = (number: number): FlowSpec => ({
  tableId: number & 7,
  priority: number & 0xfff,
  match: { metadata: number, inPort: number & 1 },
});

function find(index: FlowIndex, spec: FlowSpec): number {
  const writer = new Writer(8);
  return index.find(writer, encodeFlowEntry(writer, spec));
}

describe('FlowIndex', () => {
  it('finds each of many flows by its number, and no other', () => {
    const index = new FlowIndex();
    for (let number = 0; number < 20_000; number++) expect(index.add(flow(number))).toBe(true);
    for (let number = 0; number < 20_000; number++) expect(find(index, flow(number))).toBe(number);
    for (let number = 20_000; number < 21_000; number++) expect(find(index, flow(number))).toBe(-1);
  });

  it('finds a flow whose fields stand in another order', () => {
    const index = new FlowIndex();
    index.add({ ...flow(5), match: { inPort: 1, metadata: 5 } });
    expect(find(index, flow(5))).toBe(0);
  });

  it('refuses a flow that it has, and goes on', () => {
    const index = new FlowIndex();
    expect([flow(1), flow(1), flow(2)].map((spec) => index.add(spec))).toEqual([true, false, true]);
    expect(find(index, flow(2))).toBe(1);
  });

  it('finds nothing when it is empty', () => {
    expect(find(new FlowIndex(), flow(1))).toBe(-1);
  });
});
