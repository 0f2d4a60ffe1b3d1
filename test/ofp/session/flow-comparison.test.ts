import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  type ActionInit,
  encode,
  type FieldName,
  type FlowSpec,
  type InstructionInit,
  output,
  setField,
} from '../../../src/ofp/index.ts';
import { walkFlowEntries } from '../../../src/ofp/multipart/flow-stats.ts';
import { FlowComparison, type FlowDifference } from '../../../src/ofp/session/flow-comparison.ts';
import { wireView } from '../../../src/ofp/wire/wire-view.ts';
import { UsageError } from '../../../src/util/errors.ts';
import { codeOf } from '../checks.ts';
import { anyMatch } from '../oxm/fields.ts';

/** Flows as a switch lists them, just as they were written. */
function listed(flows: readonly FlowSpec[]): Buffer {
  const rest = { durationSec: 1, durationNsec: 2, packetCount: 3, byteCount: 4 };
  const frame = { cookie: 0, idleTimeout: 0, hardTimeout: 0, flags: 0, match: {}, instructions: [] };
  const body = flows.map((flow) => ({ ...rest, ...frame, ...flow }));
  return encode({ type: 'multipartReply', multipartType: 'flow', body }).subarray(16);
}

function differenceBySpec(current: readonly FlowSpec[], desired: readonly FlowSpec[]) {
  const comparison = new FlowComparison(desired);
  for (const flow of current) comparison.see(flow);
  return comparison.difference();
}

function differenceByEntry(bytes: Buffer, desired: readonly FlowSpec[]) {
  const comparison = new FlowComparison(desired);
  const wire = wireView(bytes);
  walkFlowEntries(wire, 0, bytes.length, (start, end) => comparison.seeEntry(wire, start, end));
  return comparison.difference();
}

function copy(from: FieldName, to: FieldName): ActionInit {
  return {
    type: 'nxRegMove',
    src: { field: from, start: 0, bits: 48 },
    dst: { field: to, start: 0, bits: 48 },
  };
}

const anyInstruction = fc.constantFrom<InstructionInit>(
  { type: 'applyActions', actions: [] },
  { type: 'applyActions', actions: [setField('tunnelId', 7), output(1)] },
  { type: 'applyActions', actions: [output(2)] },
  { type: 'gotoTable', tableId: 5 },
  { type: 'meter', meterId: 1 },
);
const anyFlow: fc.Arbitrary<FlowSpec> = fc.record({
  tableId: fc.nat(1),
  priority: fc.nat(1),
  match: fc.oneof(fc.constantFrom({}, { inPort: 1 }, { metadata: { value: 7, mask: 3 } }), anyMatch),
  cookie: fc.nat(1),
  idleTimeout: fc.nat(1),
  flags: fc.constantFrom(0, 1, 4),
  instructions: fc.uniqueArray(anyInstruction, { maxLength: 2, selector: ({ type }) => type }),
});

/** Flows of which no two are the same one. */
const anyFlows = fc.array(anyFlow, { maxLength: 6 }).filter((flows) => isSet(flows));

function isSet(flows: readonly FlowSpec[]): boolean {
  try {
    return new FlowComparison(flows) !== undefined;
  } catch (error) {
    if (error instanceof UsageError) return false;
    throw error;
  }
}

/** The messages as bytes: which of the ways to write a number they use does not matter. */
function encoded({ added, changed, deleted }: FlowDifference): string[][] {
  return [added, changed, deleted].map((messages) =>
    messages.map((message) => encode(message).toString('hex')),
  );
}

describe('comparing flows as the bytes of a reply', () => {
  it('comes to the same as comparing them as objects', () => {
    fc.assert(
      fc.property(anyFlows, anyFlows, (current, desired) => {
        const mixed = [...current, ...desired.filter((_, i) => i % 2 === 0)];
        fc.pre(isSet(mixed));
        expect(encoded(differenceByEntry(listed(mixed), desired))).toEqual(
          encoded(differenceBySpec(mixed, desired)),
        );
      }),
    );
  });

  it('finds nothing to do when the switch lists what is desired', () => {
    fc.assert(
      fc.property(anyFlows, (flows) => {
        expect(differenceByEntry(listed(flows), flows)).toEqual({ added: [], changed: [], deleted: [] });
      }),
    );
  });

  it('takes fields in another order, and masks in another form', () => {
    const match = { inPort: 1, metadata: { value: 0xff, mask: 0xf }, ethSrc: '02:00:00:00:00:01' } as const;
    const other = { ethSrc: '02:00:00:00:00:01', metadata: { value: 0xf, mask: 0xf }, inPort: 1 } as const;
    const flows = [{ tableId: 0, priority: 1, match }];
    expect(differenceByEntry(listed(flows), [{ tableId: 0, priority: 1, match: other }])).toEqual({
      added: [],
      changed: [],
      deleted: [],
    });
  });

  it.each<[string, FlowSpec['match'], FlowSpec['match']]>([
    ['64 bits', { xreg1: 0x1_0000_0002n }, { reg2: 1, reg3: 2 }],
    [
      'the lower half',
      { xreg0: { value: 5n, mask: 0xff_ffff_ffffn } },
      { reg0: { value: 0, mask: 0xff }, reg1: 5 },
    ],
    ['no bit of the higher half', { xreg0: { value: 5, mask: 7 } }, { reg1: { value: 5, mask: 7 } }],
    ['128 bits', { inPort: 1, xxreg0: (1n << 96n) | 4n }, { reg0: 1, reg1: 0, reg2: 0, reg3: 4, inPort: 1 }],
  ])('takes registers of 32 bits for those that they are together: %s', (_, match, plain) => {
    const flows = [{ tableId: 0, priority: 1, match: match! }];
    for (const shown of [match, plain])
      expect(differenceByEntry(listed([{ tableId: 0, priority: 1, match: shown! }]), flows)).toEqual({
        added: [],
        changed: [],
        deleted: [],
      });
  });

  it.each<[string, ActionInit, ActionInit]>([
    ['names of fields', copy('ethSrc', 'ethDst'), copy('nxmEthSrc', 'nxmEthDst')],
    ['older actions', { type: 'setTpDst', tpPort: 5 }, setField('udpDst', 5)],
  ])('takes actions for those that they are told as: %s', (_, said, told) => {
    const flow = (action: ActionInit): FlowSpec => ({
      tableId: 0,
      priority: 1,
      match: { ethType: 0x0800, ipProto: 17 },
      instructions: [{ type: 'applyActions', actions: [action, output(1)] }],
    });
    for (const shown of [said, told])
      expect(differenceByEntry(listed([flow(shown)]), [flow(said)]).changed).toEqual([]);
    expect(differenceBySpec([flow(said)], [flow(told)]).changed).toEqual([]);
    expect(differenceByEntry(listed([flow(output(2))]), [flow(said)]).changed).toHaveLength(1);
  });

  it('leaves registers that are named twice to the switch', () => {
    const flows = [{ tableId: 0, priority: 1, match: { xreg0: 1, reg0: 1 } }];
    expect(differenceByEntry(listed(flows), flows)).toEqual({ added: [], changed: [], deleted: [] });
  });

  it('refuses an entry that is malformed', () => {
    const bytes = listed([{ tableId: 0, priority: 1 }]);
    bytes.writeUInt16BE(3, 50);
    expect(codeOf(() => differenceByEntry(bytes, []))).toBe('OFP_BAD_LENGTH');
  });
});
