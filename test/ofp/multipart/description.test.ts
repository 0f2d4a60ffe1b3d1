import { describe, expect, it } from '@jest/globals';
import { encode } from '../../../src/ofp/message.ts';
import { fixture } from '../fixtures.ts';
import { replyOf } from './bodies.ts';

describe('the description of a switch', () => {
  it('is what Open vSwitch prints', () => {
    const { bytes, print } = fixture('OFPST_DESC reply: dump-desc');
    const { manufacturer, hardware, software, serialNumber, datapath } = replyOf('desc', bytes);
    const lines = [
      `Manufacturer: ${manufacturer}`,
      `Hardware: ${hardware}`,
      `Software: ${software}`,
      `Serial Num: ${serialNumber}`,
      `DP Description: ${datapath}`,
    ];
    expect(print).toContain(lines.join('\n'));
  });

  it('is cut to the room that there is for each text', () => {
    const long = 'x'.repeat(300);
    const body = { manufacturer: long, hardware: 'é', software: '', serialNumber: long, datapath: long };
    const bytes = encode({ type: 'multipartReply', multipartType: 'desc', body });
    expect(bytes.length).toBe(16 + 4 * 256 + 32);
    expect(replyOf('desc', bytes)).toEqual({
      manufacturer: 'x'.repeat(255),
      hardware: 'é',
      software: '',
      serialNumber: 'x'.repeat(31),
      datapath: 'x'.repeat(255),
    });
  });
});
