import { describe, expect, it } from '@jest/globals';
import { decode, encode } from '../../../src/ofp/message.ts';
import { ConfigFlag } from '../../../src/ofp/messages/switch-config.ts';
import { fixturesOf } from '../fixtures.ts';

const FRAGS: Record<string, number> = {
  normal: ConfigFlag.FRAG_NORMAL,
  drop: ConfigFlag.FRAG_DROP,
  'nx-match': ConfigFlag.FRAG_NX_MATCH,
};

describe.each(['OFPT_GET_CONFIG_REPLY', 'OFPT_SET_CONFIG'])('%s', (kind) => {
  it.each(fixturesOf(kind))('says what Open vSwitch reads ($name)', ({ bytes, print }) => {
    const [, frags, missSendLen] = /frags=(\S+) miss_send_len=(\d+)/.exec(print)!;
    expect(decode(bytes)).toMatchObject({ flags: FRAGS[frags!], missSendLen: Number(missSendLen) });
  });
});

describe('the configuration of a switch', () => {
  it('is asked for by a header alone', () => {
    expect(encode({ type: 'getConfigRequest', xid: 1 }).toString('hex')).toBe('0407000800000001');
  });

  it('is written in the order of the specification', () => {
    const hex = encode({ type: 'setConfig', flags: ConfigFlag.FRAG_DROP, missSendLen: 0xffff }).toString(
      'hex',
    );
    expect(hex).toBe('0409000c00000000' + '0001' + 'ffff');
  });
});
