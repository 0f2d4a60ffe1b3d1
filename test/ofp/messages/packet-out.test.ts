import { describe, expect, it } from '@jest/globals';
import { output } from '../../../src/ofp/actions/standard.ts';
import { decode, encode } from '../../../src/ofp/message.ts';
import { bytesOf, codeOf } from '../checks.ts';
import { fixturesOf } from '../fixtures.ts';

const PORTS: Record<string, number> = { CONTROLLER: 0xfffffffd, LOCAL: 0xfffffffe, ANY: 0xffffffff };

describe('a packet-out', () => {
  it('is unbuffered, from the controller and empty unless it says otherwise', () => {
    const hex = encode({ type: 'packetOut' }).toString('hex');
    expect(hex).toBe('040d001800000000' + 'ffffffff' + 'fffffffd' + '0000' + '000000000000');
  });

  it('is written with the size of its actions and its data behind them', () => {
    const bytes = encode({
      type: 'packetOut',
      bufferId: 5,
      inPort: 1,
      actions: [output(2), { type: 'popVlan' }],
      data: bytesOf('aabbcc'),
    });
    const actions = '0000 0010 00000002 0000 000000000000 0012 0008 00000000';
    const hex = `040d0033 00000000 00000005 00000001 0018 000000000000 ${actions} aabbcc`;
    expect(bytes.equals(bytesOf(hex))).toBe(true);
  });

  it.each(fixturesOf('OFPT_PACKET_OUT'))('says what Open vSwitch reads ($name)', ({ bytes, print }) => {
    const message = decode(bytes);
    if (message.type !== 'packetOut') throw new Error(message.type);
    const [, inPort] = /in_port=(\w+)/.exec(print)!;
    expect(message.inPort).toBe(PORTS[inPort!] ?? Number(inPort));
    expect(message.data.length).toBe(Number(/data_len=(\d+)/.exec(print)?.[1] ?? 0));
    expect(message.bufferId).toBe(Number(/buffer=(0x[0-9a-f]+)/.exec(print)?.[1] ?? 0xffffffff));
  });

  it.each([
    ['actions over the message', '040d0018 00000000 ffffffff fffffffd 0001 000000000000', 'OFP_BAD_LENGTH'],
    ['a cut action', '040d001c 00000000 ffffffff fffffffd 0004 000000000000 00120008', 'OFP_TRUNCATED'],
    [
      'an action over the actions',
      '040d0028 00000000 ffffffff fffffffd 0008 000000000000 0000 0010 00000002 0000 000000000000',
      'OFP_BAD_LENGTH',
    ],
  ])('is refused for %s', (_what, hex, code) => {
    expect(codeOf(() => decode(bytesOf(hex)))).toBe(code);
  });

  it('refuses to be sent with more actions than their size can say', () => {
    const actions = Array.from({ length: 5000 }, () => output(1));
    expect(codeOf(() => encode({ type: 'packetOut', actions }))).toBe('OFP_TOO_LONG');
  });
});
