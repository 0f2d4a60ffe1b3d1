import { describe, expect, it } from '@jest/globals';
import { decode, encode } from '../../../src/ofp/message.ts';
import { MeterFlag, type MeterModInit } from '../../../src/ofp/messages/meter-mod.ts';
import { bytesOf, codeOf, plain } from '../checks.ts';
import { fixture, fixturesOf } from '../fixtures.ts';

const COMMANDS = { ADD: 'add', MOD: 'modify', DEL: 'delete' };

describe('a meter mod', () => {
  it('has no flags and no bands unless it says otherwise', () => {
    const hex = encode({ type: 'meterMod', command: 'delete', meterId: 5 }).toString('hex');
    expect(hex).toBe('041d001000000000' + '0002' + '0000' + '00000005');
  });

  it('has the bands that Open vSwitch reads', () => {
    expect(decode(fixture('OFPT_METER_MOD: add-meter (2)').bytes)).toMatchObject({
      command: 'add',
      flags: MeterFlag.PKTPS | MeterFlag.BURST | MeterFlag.STATS,
      meterId: 2,
      bands: [{ type: 'drop', rate: 100, burstSize: 200 }],
    });
  });

  it.each(fixturesOf('OFPT_METER_MOD'))(
    'has the command and the bands that are printed ($name)',
    ({ bytes, print }) => {
      const message = decode(bytes);
      if (message.type !== 'meterMod') throw new Error(message.type);
      const [, command] = /: (\w+) meter=/.exec(print)!;
      expect(message.command).toBe(COMMANDS[command as keyof typeof COMMANDS]);
      expect(message.bands.length).toBe(print.split('type=').length - 1);
    },
  );

  it('writes each kind of band', () => {
    const message: MeterModInit = {
      type: 'meterMod',
      command: 'add',
      flags: MeterFlag.KBPS,
      meterId: 1,
      bands: [
        { type: 'drop', rate: 1, burstSize: 2 },
        { type: 'dscpRemark', rate: 3, burstSize: 4, precLevel: 5 },
        { type: 'unknown', code: 0xffff, rate: 6, burstSize: 7, raw: bytesOf('00112233') },
      ],
    };
    const bands = [
      '0001 0010 00000001 00000002 00000000',
      '0002 0010 00000003 00000004 05000000',
      'ffff 0010 00000006 00000007 00112233',
    ];
    const bytes = bytesOf(`041d0040 00000000 0000 0001 00000001 ${bands.join('')}`);
    expect(encode(message).equals(bytes)).toBe(true);
    expect(plain(decode(bytes))).toEqual(plain({ ...message, xid: 0 }));
  });

  it.each([
    ['a cut band', '041d001b 00000000 0000 0001 00000001 0001 0010 00000001 000000', 'OFP_TRUNCATED'],
    [
      'a drop band that is too short',
      '041d001c 00000000 0000 0001 00000001 0001 000c 00000001 00000002',
      'OFP_BAD_LENGTH',
    ],
    [
      'a drop band that is too long',
      '041d0028 00000000 0000 0001 00000001 0001 0018 00000001 00000002 000000000000000000000000',
      'OFP_BAD_LENGTH',
    ],
    [
      'a band over the message',
      '041d001c 00000000 0000 0001 00000001 0001 0010 00000001 00000002',
      'OFP_BAD_LENGTH',
    ],
    [
      'a band that would never end',
      '041d001c 00000000 0000 0001 00000001 ffff 0000 00000001 00000002',
      'OFP_BAD_LENGTH',
    ],
  ])('is refused for %s', (_what, hex, code) => {
    expect(codeOf(() => decode(bytesOf(hex)))).toBe(code);
  });
});
