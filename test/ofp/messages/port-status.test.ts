import { describe, expect, it } from '@jest/globals';
import { decode, encode } from '../../../src/ofp/message.ts';
import { isPortUp } from '../../../src/ofp/port.ts';
import { codeOf } from '../checks.ts';
import { fixture, fixturesOf } from '../fixtures.ts';

const REASONS = { ADD: 'add', DEL: 'delete', MOD: 'modify' };

describe('a port status', () => {
  it.each(fixturesOf('OFPT_PORT_STATUS'))('says what Open vSwitch reads ($name)', ({ bytes, print }) => {
    const message = decode(bytes);
    if (message.type !== 'portStatus') throw new Error(message.type);
    const [, reason, portNo, name, hwAddr] = /: (\w+): (\d+)\((\w+)\): addr:(\S+)/.exec(print)!;
    expect(message.reason).toBe(REASONS[reason as keyof typeof REASONS]);
    expect(message.port).toMatchObject({ portNo: Number(portNo), name, hwAddr });
    expect(isPortUp(message.port)).toBe(print.includes('state:      LIVE'));
  });

  it('keeps a reason that has no name', () => {
    const { bytes } = fixture('OFPT_PORT_STATUS: monitor 65535');
    bytes[8] = 9;
    expect(decode(bytes)).toMatchObject({ reason: 9 });
    expect(encode(decode(bytes)).equals(bytes)).toBe(true);
  });

  it('is refused without its port', () => {
    const { bytes } = fixture('OFPT_PORT_STATUS: monitor 65535');
    bytes.writeUInt16BE(79, 2);
    expect(codeOf(() => decode(bytes))).toBe('OFP_TRUNCATED');
  });
});
