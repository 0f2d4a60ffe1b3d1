import { describe, expect, it } from '@jest/globals';
import Long from 'long';
import { decode, encode, type Message } from '../../../src/ofp/message.ts';
import { bytesOf, codeOf } from '../checks.ts';
import { fixturesOf } from '../fixtures.ts';

type Reply = Extract<Message, { type: 'multipartReply' }>;

/** A reply with one table that has these properties. */
function withProperties(properties: string): Buffer {
  const body = bytesOf(properties);
  const head = bytesOf(`0413 0000 00000000 000c 0000 00000000
    0000 03 0000000000 ${Buffer.from('three').toString('hex').padEnd(64, '0')}
    0000000000000005 0000000000000006 00000000 00000009`);
  const bytes = Buffer.concat([head, body]);
  bytes.writeUInt16BE(bytes.length, 2);
  bytes.writeUInt16BE(bytes.length - 16, 16);
  return bytes;
}

function propertiesOf(bytes: Buffer): readonly unknown[] {
  const message = decode(bytes) as Reply;
  if (message.multipartType !== 'tableFeatures') throw new Error(`got ${message.multipartType}`);
  return message.body[0]!.properties;
}

describe('OFPMP_TABLE_FEATURES', () => {
  it('without a body asks', () => {
    const { bytes } = fixturesOf('OFPST_TABLE_FEATURES request')[0]!;
    expect(decode(bytes)).toMatchObject({
      type: 'multipartRequest',
      multipartType: 'tableFeatures',
      body: [],
    });
    const xid = bytes.readUInt32BE(4);
    expect(encode({ type: 'multipartRequest', xid, multipartType: 'tableFeatures' }).equals(bytes)).toBe(
      true,
    );
  });

  it('with a body orders', () => {
    const request = withProperties('0000 0008 0001 0004');
    request[1] = 18;
    expect(decode(request)).toMatchObject({ body: [{ tableId: 3, name: 'three' }] });
    expect(encode(decode(request)).equals(request)).toBe(true);
  });

  it('has what Open vSwitch can do', () => {
    const { bytes } = fixturesOf('OFPST_TABLE_FEATURES reply')[0]!;
    expect(decode(bytes)).toMatchObject({
      flags: 1,
      body: [
        {
          tableId: 0,
          metadataMatch: Long.MAX_UNSIGNED_VALUE,
          metadataWrite: Long.MAX_UNSIGNED_VALUE,
          maxEntries: 1_000_000,
        },
      ],
    });
    const properties = propertiesOf(bytes) as { type: string }[];
    expect(properties.map(({ type }) => type)).toEqual([
      'instructions',
      'nextTables',
      'writeActions',
      'writeSetfield',
      'applyActions',
      'applySetfield',
      'instructionsMiss',
      'nextTablesMiss',
      'writeActionsMiss',
      'writeSetfieldMiss',
      'applyActionsMiss',
      'applySetfieldMiss',
      'match',
      'wildcards',
    ]);
    expect(properties[0]).toEqual({
      type: 'instructions',
      instructions: ['gotoTable', 'writeMetadata', 'writeActions', 'applyActions', 'clearActions', 'meter'],
    });
    const match = properties.at(-2) as unknown as { fields: readonly unknown[] };
    expect(match.fields).toContainEqual({ field: 'ethDst', masked: true });
    expect(match.fields).toContainEqual({ field: 'inPort' });
    expect(match.fields).toContainEqual({ field: 'nshC1', masked: true });
    expect(match.fields).toContainEqual({ field: 'tunMetadata0', masked: true });
    expect(JSON.stringify(properties)).not.toContain('unknown');
  });

  it('is written from its parts', () => {
    const bytes = encode({
      type: 'multipartReply',
      multipartType: 'tableFeatures',
      body: [
        {
          tableId: 3,
          name: 'three',
          metadataMatch: 5,
          metadataWrite: 6n,
          config: 0,
          maxEntries: 9,
          properties: [
            { type: 'instructions', instructions: ['gotoTable', 'meter'] },
            { type: 'nextTablesMiss', tables: [4, 5] },
            { type: 'applyActions', actions: ['output', { code: 0xffff, raw: bytesOf('00002320') }] },
            { type: 'match', fields: [{ field: 'ethDst', masked: true }, { field: 'nshC1' }] },
          ],
        },
      ],
    });
    expect(bytes.toString('hex')).toBe(
      withProperties(`0000 000c 0001 0004 0006 0004 00000000
        0003 0006 04 05 0000
        0006 0010 0000 0004 ffff 0008 00002320
        0008 0010 8000070c ffff0c08 005ad650`).toString('hex'),
    );
    expect(encode(decode(bytes)).equals(bytes)).toBe(true);
  });

  it.each([
    ['an instruction and an action without a name', '0000 0008 0063 0004 0004 0008 0063 0004'],
    ['an experimenter with more than its id', '0004 0014 ffff 000c 00002320 0001 0002 0000 0004 00000000'],
    ['a field that is not known', '0008 0008 8000fe04'],
    ['a field of variable size that has one', '000e 0008 00015008'],
    ['an experimenter', 'fffe 000c 4f4e4600 00000001 00000000'],
    ['a property that is not known', '0009 0006 abcd 0000'],
  ])('survives: %s', (_what, properties) => {
    const bytes = withProperties(properties);
    expect(encode(decode(bytes)).equals(bytes)).toBe(true);
  });

  it.each([
    ['an instruction under its header', '0000 0008 0001 0002'],
    ['an instruction over the property', '0000 0008 0001 0008'],
    ['half an instruction', '0000 0006 0001 0000'],
    ['half a field', '0008 0008 ffff0c08'],
    ['a property over the table', '0000 0010 00010004'],
  ])('is refused with %s', (_what, properties) => {
    expect(codeOf(() => decode(withProperties(properties)))).toMatch(/^OFP_(BAD_LENGTH|TRUNCATED)$/);
  });
});
