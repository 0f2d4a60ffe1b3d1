import { describe, expect, it } from '@jest/globals';
import { type ActionInit, encodeActions } from '../../../src/ofp/actions/action.ts';
import { PortNo } from '../../../src/ofp/ports.ts';
import { formatActions } from '../../../src/ofp/text/index.ts';
import { Writer } from '../../../src/ofp/wire/writer.ts';
import { actionsOf } from '../action-fixtures.ts';
import { codeOf } from '../checks.ts';

describe('an action of a form that is not known', () => {
  it.each([
    ['another experimenter', 'ffff0010 00112233 0001 000000000000'],
    ['an experimenter without room for a subtype', 'ffff0008 00002320'],
    ['a subtype of Nicira that is not known', 'ffff0010 00002320 270f 010203040506'],
    ['a subtype of the ONF that is not known', 'ffff0010 4f4e4600 0001 000000000000'],
    ['a NAT range with a part that is not known', 'ffff0018 00002320 0024 0000 0001 0041 0a000001 0a000002'],
    [
      'a bundle of members that are no ports',
      'ffff0020 00002320 000c 0001 0000 0000 00000102 0000 0000 00000000 00000000',
    ],
    [
      'a bundle without a register that has one',
      'ffff0020 00002320 000c 0001 0000 0000 00000002 0000 000f 00010004 00000000',
    ],
    ['a learn spec of a kind that is not known', learn('1810 00000000')],
    ['a learn spec with bits that have no meaning', learn('8010 00000000')],
    ['a learn spec that outputs a value', learn('3010 0001 0000')],
    ['a decap with a property', 'ffff0018 00002320 002f 0000 00000000 0004010500000000'],
  ])('survives: %s', (_what, hex) => {
    const bytes = hex.replaceAll(' ', '');
    expect(actionsOf(bytes)).toEqual([
      { type: 'unknown', code: 0xffff, raw: Buffer.from(bytes.slice(8), 'hex') },
    ]);
    expect(hexOf(actionsOf(bytes))).toBe(bytes);
  });
});

describe('actions that Open vSwitch 3.1 does not send', () => {
  // Layouts of lib/ofp-actions.c of Open vSwitch 3.4.
  it.each<[string, string, ActionInit]>([
    [
      'sample with a domain and a point',
      'ffff0028 00002320 0033 0001 00000002 00000000 00000003 00000000 00000004 ffff 02 0000000000',
      {
        type: 'nxSample4',
        probability: 1,
        collectorSetId: 2,
        obsDomainId: 3,
        obsPointId: 4,
        samplingPort: PortNo.ANY,
        direction: 'egress',
      },
    ],
    [
      'sample with both from fields',
      'ffff0028 00002320 0033 0001 00000002 00010004 001f 0000 00010204 010f 0000 0001 00 0000000000',
      {
        type: 'nxSample4',
        probability: 1,
        collectorSetId: 2,
        obsDomainId: { field: 'reg0', start: 0, bits: 32 },
        obsPointId: { field: 'reg1', start: 4, bits: 16 },
        samplingPort: 1,
        direction: 'default',
      },
    ],
    ['debug_slow', 'ffff0010 00002320 00fe 000000000000', { type: 'nxDebugSlow' }],
    ['debug_recirc', 'ffff0010 00002320 00ff 000000000000', { type: 'nxDebugRecirc' }],
  ])('are decoded and encoded back: %s', (_what, hex, action) => {
    const bytes = hex.replaceAll(' ', '');
    expect(actionsOf(bytes)).toEqual([action]);
    expect(hexOf([action])).toBe(bytes);
    for (let size = 2; size < bytes.length; size += 2) {
      expect(codeOf(() => actionsOf(bytes.slice(0, size)))).toMatch(/^OFP_/);
    }
  });

  it.each([
    ['sample(probability=1,collector_set_id=2,obs_domain_id=0,obs_point_id=NXM_NX_REG1[4..19],egress)'],
  ])('are written as ovs-ofctl writes them: %s', (text) => {
    const obsPointId = { field: 'reg1', start: 4, bits: 16 } as const;
    const target = { probability: 1, collectorSetId: 2, obsPointId, obsDomainId: 0 };
    const action = { type: 'nxSample4', ...target, samplingPort: PortNo.ANY, direction: 'egress' } as const;
    expect(formatActions([action])).toBe(text);
  });
});

describe('what is known in part', () => {
  it.each([
    [
      'properties of encap',
      'ffff0028 00002320 002e 0000 0001894f 0004010800000000 0004630600ff0000 0005010400000000',
    ],
    ['properties of controller2', 'ffff0018 00002320 0025 000000000000 0063 0006 abcd 0000'],
    ['a field that is not known', 'ffff0018 00002320 0006 0008 0000 0000 80017f04 00010004'],
    ['a field of another size', 'ffff0018 00002320 0006 0008 0000 0000 00010008 00010004'],
    ['a header with a mask, where none is meant', 'ffff0018 00002320 0006 0008 0000 0000 00010108 00010004'],
    [
      'a header of class 0xffff, where it does not fit',
      'ffff0018 00002320 0007 003f ffff0004 0000000000000001',
    ],
    ['a header of zero', 'ffff0018 00002320 0007 003f 00000000 0000000000000001'],
    ['a learn spec of no bits', learn('2000 00010004 0000')],
    [
      'numbers that have no name',
      'ffff0020 00002320 000a 0063 0000 0000 0063 0000 00000000 0000 001f 00010004',
    ],
  ])('survives: %s', (_what, hex) => {
    const bytes = hex.replaceAll(' ', '');
    const [action] = actionsOf(bytes);
    expect(action!.type).not.toBe('unknown');
    expect(hexOf([action!])).toBe(bytes);
  });

  it.each([
    [
      'at their greatest',
      'ffff0018 00002320 0006 0008 0000 0000 0001507c 00010004',
      { field: 'tunMetadata0' },
    ],
    [
      'as they are mapped',
      'ffff0018 00002320 0006 0008 0000 0000 00015004 00010004',
      { field: 'tunMetadata0', size: 4 },
    ],
    ['empty', 'ffff0018 00002320 0006 0008 0000 0000 00015000 00010004', { field: 'tunMetadata0', size: 0 }],
    ['too great', 'ffff0018 00002320 0006 0008 0000 0000 00015080 00010004', { field: 'unknown:0x00015080' }],
  ])('keeps the size of fields of variable size: %s', (_what, hex, field) => {
    const bytes = hex.replaceAll(' ', '');
    const actions = actionsOf(bytes);
    expect(actions).toMatchObject([{ type: 'nxRegMove', src: { ...field, start: 0, bits: 8 } }]);
    expect(hexOf(actions)).toBe(bytes);
  });
});

describe('malformed actions', () => {
  it.each([
    ['a list of ids that is longer than the action', 'ffff0010 00002320 0015 0001 00000000'],
    [
      'a list of members that is longer than the action',
      'ffff0020 00002320 000c 0001 0000 0000 00000002 0001 0000 00000000 00000000',
    ],
    ['a NAT range that is longer than the action', 'ffff0010 00002320 0024 0000 0001 0001'],
    ['a learn spec that is longer than the action', learn('0010 00000000')],
    [
      'an encap property that is longer than the action',
      'ffff0018 00002320 002e 0000 0001894f 0004010900000000',
    ],
    ['an encap property under its header', 'ffff0018 00002320 002e 0000 0001894f 0004010300000000'],
    ['a fixed action that is too long', 'ffff0018 00002320 0011 0000000000000000000000000000'],
    ['a header that is cut off', 'ffff0018 00002320 0006 0008 0000 0000 00010004 ffff0004'],
    [
      'bytes behind the one field of a load',
      'ffff0020 00002320 0021 00010004 00000001 0000000000000000000000000000',
    ],
    [
      'actions in conntrack that are cut off',
      'ffff0020 00002320 0023 0000 00000000 0000 ff 000000 0000 00000010 00000001',
    ],
  ])('are refused: %s', (_what, hex) => {
    expect(codeOf(() => actionsOf(hex.replaceAll(' ', '')))).toMatch(/^OFP_(BAD_LENGTH|TRUNCATED)$/);
  });

  it('are refused when nested too deep, either way', () => {
    let hex = '';
    for (let size = 16; size <= 16 * 40; size += 16) {
      hex = `ffff${size.toString(16).padStart(4, '0')}00002320002a000000000000${hex}`;
    }
    expect(codeOf(() => actionsOf(hex))).toBe('OFP_TOO_DEEP');
    let actions: readonly ActionInit[] = [];
    for (let depth = 0; depth < 40; depth++) actions = [{ type: 'nxClone', actions }];
    expect(codeOf(() => hexOf(actions))).toBe('OFP_TOO_DEEP');
  });
});

describe('values that cannot be written', () => {
  const reg0 = { field: 'reg0', start: 0, bits: 32 } as const;

  it.each<[what: string, action: ActionInit]>([
    ['a move to another number of bits', { type: 'nxRegMove', src: reg0, dst: { ...reg0, bits: 16 } }],
    [
      'more bits than a load has',
      { type: 'nxRegLoad', dst: { field: 'xxreg0', start: 0, bits: 65 }, value: 1 },
    ],
    ['no bits', { type: 'nxRegLoad', dst: { ...reg0, bits: 0 }, value: 1 }],
    ['a start out of range', { type: 'nxRegLoad', dst: { ...reg0, start: 1024 }, value: 1 }],
    [
      'a field with a long header',
      { type: 'nxRegLoad', dst: { field: 'nshC1', start: 0, bits: 8 }, value: 1 },
    ],
    ['a size that the field has not', { type: 'nxDeleteField', field: 'tunMetadata0', size: 125 }],
    ['an option that is too long', { type: 'setField', field: 'tunMetadata0', value: Buffer.alloc(125) }],
    [
      'a mask of another size',
      { type: 'setField', field: 'tunMetadata0', value: Buffer.alloc(4), mask: Buffer.alloc(2) },
    ],
    ['a port without a 16-bit number', { type: 'nxResubmit', inPort: 0x10000 }],
    ['a port that is none', { type: 'nxOutputTrunc', port: 1.5, maxLen: 64 }],
    [
      'an algorithm that is none',
      { type: 'nxBundle', algorithm: 'best' as 'hrw', fields: 'ethSrc', members: [] },
    ],
    [
      'a learnt value that is too long',
      {
        type: 'nxLearn',
        tableId: 1,
        specs: [{ type: 'load', src: { value: '0x1ffff' }, dst: { ...reg0, bits: 16 } }],
      },
    ],
    [
      'a learnt value that is no number',
      { type: 'nxLearn', tableId: 1, specs: [{ type: 'load', src: { value: 'five' }, dst: reg0 }] },
    ],
    [
      'a learnt copy to another number of bits',
      { type: 'nxLearn', tableId: 1, specs: [{ type: 'load', src: { ...reg0, bits: 8 }, dst: reg0 }] },
    ],
    ['a result that is written nowhere', { type: 'nxLearn2', tableId: 1, flags: 4, specs: [] }],
    [
      'an encap property that is too long',
      {
        type: 'nxEncap',
        newPktType: 0,
        properties: [{ type: 'nshTlv', tlvClass: 0, tlvType: 0, data: Buffer.alloc(250) }],
      },
    ],
    ['an action that is none', { type: 'nxFly' } as unknown as ActionInit],
  ])('are refused: %s', (_what, action) => {
    expect(codeOf(() => hexOf([action]))).toMatch(/^OFP_(BAD_VALUE|BAD_MASK|BAD_LENGTH)$/);
  });
});

/** A learn action with one spec. */
function learn(spec: string): string {
  const specHex = spec.replaceAll(' ', '').padEnd(16, '0');
  return `ffff0028 00002320 0010 0000 0000 8000 0000000000000000 0000 01 00 0000 0000 ${specHex}`;
}

function hexOf(actions: readonly ActionInit[]): string {
  const writer = new Writer();
  encodeActions(writer, actions);
  return writer.bytes.toString('hex', 0, writer.offset);
}
