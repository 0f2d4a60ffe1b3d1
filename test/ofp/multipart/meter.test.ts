import { describe, expect, it } from '@jest/globals';
import { decode, encode } from '../../../src/ofp/message.ts';
import { bytesOf, codeOf } from '../checks.ts';
import { fixture, fixturesOf } from '../fixtures.ts';
import { numbersIn, replyOf, requestOf } from './bodies.ts';

describe('meter statistics', () => {
  it.each(fixturesOf('OFPST_METER reply'))(
    'are those that Open vSwitch prints ($name)',
    ({ bytes, print }) => {
      const meters = replyOf('meter', bytes);
      const printed = (name: string) => numbersIn(print, new RegExp(`${name}:(\\d+)`, 'g'));
      expect(meters.map(({ flowCount }) => flowCount)).toEqual(printed('flow_count'));
      expect(meters.map(({ packetInCount }) => packetInCount.toNumber())).toEqual(printed('packet_in_count'));
      expect(meters.map(({ byteInCount }) => byteInCount.toNumber())).toEqual(printed('byte_in_count'));
      expect(meters.map(({ durationSec }) => durationSec)).toEqual(printed('duration'));
      expect(meters.map(({ bandStats }) => bandStats.length)).toEqual(meters.map(() => 1));
    },
  );

  it('are asked for by meter', () => {
    expect(requestOf('meter', fixture('OFPST_METER request: meter-stats (2)').bytes)).toEqual({ meterId: 2 });
  });

  it('are written field by field', () => {
    const bytes = encode({
      type: 'multipartReply',
      multipartType: 'meter',
      body: [
        {
          meterId: 1,
          flowCount: 2,
          packetInCount: 3,
          byteInCount: 4,
          durationSec: 5,
          durationNsec: 6,
          bandStats: [{ packetBandCount: 7n, byteBandCount: 8n }],
        },
      ],
    });
    const fixed = '00000001 0038 000000000000 00000002 0000000000000003 0000000000000004 00000005 00000006';
    const band = '0000000000000007 0000000000000008';
    expect(bytes.equals(bytesOf(`04130048 00000000 0009 0000 00000000 ${fixed} ${band}`))).toBe(true);
  });

  it.each([
    ['0027', 'OFP_BAD_LENGTH'],
    ['0029', 'OFP_TRUNCATED'],
    ['0030', 'OFP_BAD_LENGTH'],
    ['0000', 'OFP_BAD_LENGTH'],
  ])('are refused with an entry of 0x%s bytes', (length, code) => {
    const entry = `00000001 ${length} 000000000000 00000002 ${'00'.repeat(24)} 00`;
    expect(codeOf(() => decode(bytesOf(`04130039 00000000 0009 0000 00000000 ${entry}`)))).toBe(code);
  });
});

describe('meter configurations', () => {
  it.each(fixturesOf('OFPST_METER_CONFIG reply'))(
    'are those that Open vSwitch prints ($name)',
    ({ bytes, print }) => {
      const meters = replyOf('meterConfig', bytes);
      const ids = [...print.matchAll(/meter=(\w+)/g)].map(([, id]) =>
        id === 'controller' ? 0xfffffffe : Number(id),
      );
      expect(meters.map(({ meterId }) => meterId)).toEqual(ids);
      expect(meters.flatMap(({ bands }) => bands.map(({ rate }) => rate))).toEqual(
        numbersIn(print, /rate=(\d+)/g),
      );
    },
  );

  it('are asked for by meter', () => {
    const { bytes } = fixture('OFPST_METER_CONFIG request: dump-meters (2)');
    expect(requestOf('meterConfig', bytes)).toEqual({ meterId: 1 });
  });

  it.each([
    ['an entry that is cut', '04130014 00000000 000a 0000 00000000 0008 0000', 'OFP_TRUNCATED'],
    [
      'an entry under its header',
      '04130018 00000000 000a 0000 00000000 0007 0000 00000001',
      'OFP_BAD_LENGTH',
    ],
    [
      'an entry over the message',
      '04130018 00000000 000a 0000 00000000 0018 0000 00000001',
      'OFP_BAD_LENGTH',
    ],
    [
      'a band over its entry',
      '04130028 00000000 000a 0000 00000000 0014 0000 00000001 0001 0010 00000001 00000002 00000000',
      'OFP_BAD_LENGTH',
    ],
  ])('are refused for %s', (_what, hex, code) => {
    expect(codeOf(() => decode(bytesOf(hex)))).toBe(code);
  });
});

describe('meter features', () => {
  it('are those that Open vSwitch prints', () => {
    const { bytes, print } = fixture('OFPST_METER_FEATURES reply: meter-features');
    const [, maxMeter, maxBands, maxColor] = /max_meter:(\d+) max_bands:(\d+) max_color:(\d+)/.exec(print)!;
    expect(replyOf('meterFeatures', bytes)).toEqual({
      maxMeter: Number(maxMeter),
      maxBands: Number(maxBands),
      maxColor: Number(maxColor),
      bandTypes: 1 << 1,
      capabilities: 0xf,
    });
  });
});
