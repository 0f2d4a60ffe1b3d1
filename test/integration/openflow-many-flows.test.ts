import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { decode, Framer, Switch } from '../../src/ofp/index.ts';
import { type Host, Lab } from '../lab/index.ts';
import { FakeClock } from '../ofp/session/clock.ts';
import { describeWithLab } from './describe-with-lab.ts';

const MANY = 100_000;

describeWithLab('a table of a hundred thousand flows', () => {
  let lab: Lab;
  let host: Host;
  let session: Switch;
  /** How many flows each part that has come so far holds. */
  const parts: number[] = [];

  beforeAll(async () => {
    lab = await Lab.create();
    host = await lab.addSwitch();
    const socket = connect(host.ovs.mgmt(host.bridge));
    await once(socket, 'connect');
    const framer = new Framer(({ bytes }, start) => {
      const message = decode(bytes, start);
      if (message.type === 'multipartReply' && message.multipartType === 'flow')
        parts.push(message.body.length);
    });
    socket.on('data', (chunk: Buffer) => framer.push(chunk));
    // By a clock that stands still, the switch is held back for as long as the reader takes.
    session = await Switch.open(socket, { setTimer: new FakeClock().setTimer });
    await session.bundle((bundle) => {
      for (let i = 0; i < MANY; i++) {
        const ipv4Dst = `10.${i >> 16}.${(i >> 8) & 0xff}.${i & 0xff}`;
        bundle.send({ type: 'flowMod', command: 'add', match: { ethType: 0x0800, ipv4Dst } });
      }
    });
  });

  afterAll(async () => {
    await session?.close();
    await lab?.close();
  });

  it('is read part by part: a slow reader has few of them waiting', async () => {
    const held: number[] = [];
    let read = 0;
    let partsRead = 0;
    let readOfPart = 0;
    for await (const _flow of session.flowStats()) {
      read++;
      readOfPart++;
      if (readOfPart < parts[partsRead]!) continue;
      partsRead++;
      readOfPart = 0;
      // Everything that can come meanwhile has time to.
      for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
      held.push(parts.length - partsRead);
    }
    expect(read).toBe(MANY);
    expect(parts.length).toBeGreaterThan(100);
    expect(Math.max(...held)).toBeLessThanOrEqual(20);
  });

  it('is read to its end when nobody is slow', async () => {
    expect(await session.multipart('flow')).toHaveLength(MANY);
  });
});
