import { describe, expect, it } from '@jest/globals';
import { decode, encode } from '../../../src/ofp/message.ts';
import { Capability } from '../../../src/ofp/messages/features.ts';
import { bytesOf } from '../checks.ts';
import { fixture } from '../fixtures.ts';

describe('the features', () => {
  it('are asked for by a header alone', () => {
    expect(encode({ type: 'featuresRequest', xid: 1 }).toString('hex')).toBe('0405000800000001');
  });

  it('are those that Open vSwitch prints', () => {
    const { bytes, print } = fixture('OFPT_FEATURES_REPLY: show');
    const message = decode(bytes);
    if (message.type !== 'featuresReply') throw new Error(message.type);
    expect(print).toContain(`dpid:${message.datapathId.toString(16).padStart(16, '0')}\n`);
    expect(print).toContain(`n_tables:${message.nTables}, n_buffers:${message.nBuffers}\n`);
    const { FLOW_STATS, TABLE_STATS, PORT_STATS, GROUP_STATS, QUEUE_STATS } = Capability;
    expect(message.capabilities).toBe(FLOW_STATS | TABLE_STATS | PORT_STATS | GROUP_STATS | QUEUE_STATS);
  });

  it('are written by a switch of ours as well', () => {
    const bytes = encode({
      type: 'featuresReply',
      datapathId: decodedId(),
      nBuffers: 1,
      nTables: 254,
      auxiliaryId: 2,
      capabilities: 0x4f,
      reserved: 3,
    });
    const hex = '04060020 00000000 fedcba9876543210 00000001 fe 02 0000 0000004f 00000003';
    expect(bytes.equals(bytesOf(hex))).toBe(true);
  });
});

function decodedId() {
  const message = decode(bytesOf(`04060020 00000000 fedcba9876543210 ${'00'.repeat(16)}`));
  if (message.type !== 'featuresReply') throw new Error(message.type);
  expect(message.datapathId.toString(16)).toBe('fedcba9876543210');
  return message.datapathId;
}
