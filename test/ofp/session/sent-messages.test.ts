import { describe, expect, it } from '@jest/globals';
import { encode, type MessageInit } from '../../../src/ofp/index.ts';
import { SentMessages } from '../../../src/ofp/session/sent-messages.ts';

const flow = (xid: number) =>
  encode({ type: 'flowMod', xid, command: 'add', priority: xid & 0xffff, match: { metadata: xid } });
const echo = (xid: number, size: number): MessageInit => ({
  type: 'echoRequest',
  xid,
  data: Buffer.alloc(size),
});

/** Sends flows with xids from 1, in chunks of ten. */
function sendFlows(sent: SentMessages, count: number): void {
  for (let xid = 1; xid <= count; xid += 10) {
    sent.add(Buffer.concat(Array.from({ length: 10 }, (_, index) => flow(xid + index))));
  }
}

describe('SentMessages', () => {
  it('finds messages in any order, as they were sent', () => {
    const sent = new SentMessages();
    sendFlows(sent, 100);
    for (const xid of [1, 2, 50, 49, 100, 100, 1]) {
      expect(sent.get(xid)).toMatchObject({ type: 'flowMod', xid, priority: xid });
    }
    expect(sent.get(101)).toBeUndefined();
    expect(new SentMessages().get(1)).toBeUndefined();
  });

  it('keeps at least the last 2,000 of many flow-mods, and not all', () => {
    const sent = new SentMessages();
    const COUNT = 100_000;
    sendFlows(sent, COUNT);
    for (let xid = COUNT - 2000; xid <= COUNT; xid++) expect(sent.get(xid)?.xid).toBe(xid);
    expect(sent.get(1)).toBeUndefined();
  });

  it('copies what it keeps and what it gives', () => {
    const sent = new SentMessages();
    const bytes = encode(echo(7, 4));
    sent.add(bytes);
    bytes.fill(0xff);
    const first = sent.get(7);
    sendFlows(sent, 20_000);
    expect(first).toMatchObject({ type: 'echoRequest', xid: 7, data: Buffer.alloc(4) });
  });

  it('takes messages of every size, and leaves out what is too long for it', () => {
    const sent = new SentMessages();
    sent.add(encode(echo(1, 60_000)));
    sent.add(Buffer.concat(Array.from({ length: 5 }, (_, index) => encode(echo(index + 2, 60_000)))));
    sent.add(encode(echo(9, 0)));
    expect(sent.get(1)).toMatchObject({ xid: 1 });
    expect(sent.get(2)).toBeUndefined();
    expect(sent.get(9)).toMatchObject({ xid: 9 });
  });

  it('gives nothing for bytes that are no message', () => {
    const sent = new SentMessages();
    sent.add(Buffer.alloc(12));
    sent.add(Buffer.from('040e000800000005', 'hex'));
    expect(sent.get(0)).toBeUndefined();
    expect(sent.get(5)).toBeUndefined();
  });
});
