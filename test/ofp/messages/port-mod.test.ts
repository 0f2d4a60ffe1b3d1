import { describe, expect, it } from '@jest/globals';
import { decode, encode } from '../../../src/ofp/message.ts';
import { PortConfig } from '../../../src/ofp/port.ts';
import { bytesOf } from '../checks.ts';
import { fixturesOf } from '../fixtures.ts';

const CONFIGS: Record<string, number> = { ...PortConfig, 0: 0 };

describe('a port mod', () => {
  it.each(fixturesOf('OFPT_PORT_MOD'))('says what Open vSwitch reads ($name)', ({ bytes, print }) => {
    const [, port, hwAddr] = /port: (\d+): addr:(\S+)/.exec(print)!;
    const printed = (name: string) => CONFIGS[new RegExp(`${name}: +(\\w+)`).exec(print)![1]!];
    expect(decode(bytes)).toMatchObject({
      type: 'portMod',
      portNo: Number(port),
      hwAddr,
      config: printed('config'),
      mask: printed('mask'),
      advertise: 0,
    });
  });

  it('is written field by field', () => {
    const bytes = encode({
      type: 'portMod',
      portNo: 1,
      hwAddr: '02:00:00:00:00:01',
      config: 2,
      mask: 3,
      advertise: 0xffffffff,
    });
    const hex = '04100028 00000000 00000001 00000000 020000000001 0000 00000002 00000003 ffffffff 00000000';
    expect(bytes.equals(bytesOf(hex))).toBe(true);
  });
});
