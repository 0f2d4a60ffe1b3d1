import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { decode, encode, Framer, output } from 'galago/ofp';
import { FakeSwitch } from '../../../bench/controller/programs/fake-switch.ts';

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** A controller's end of the connection of a fake switch, and what the switch has counted. */
async function connected() {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const counted = { packetOuts: 0, flowMods: 0, asked: 0, echoes: 0 };
  let wake = () => {};
  const one = new FakeSwitch((server.address() as AddressInfo).port, 6, {
    onAnswers(packetOuts, flowMods) {
      counted.packetOuts += packetOuts;
      counted.flowMods += flowMods;
      wake();
    },
    onAsked: () => counted.asked++,
    onEchoReply() {
      counted.echoes++;
      wake();
    },
    onEnd: () => {},
  });
  const [socket] = (await once(server, 'connection')) as [Socket];
  socket.setNoDelay(true);
  closers.push(() => {
    one.close();
    socket.destroy();
    server.close();
  });
  const until = async (isDone: () => boolean) => {
    while (!isDone()) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  return { socket, counted, until };
}

const FLOW_MOD = encode({ type: 'flowMod', command: 'add', match: { inPort: 1 } });
const PACKET_OUT = encode({ type: 'packetOut', inPort: 1, actions: [output(2)], data: Buffer.alloc(61) });

describe('FakeSwitch', () => {
  it('counts messages wherever they are cut', async () => {
    const { socket, counted, until } = await connected();
    const answers = Buffer.concat(Array.from({ length: 5000 }, () => [FLOW_MOD, PACKET_OUT]).flat());
    // The first ones in pieces that cut heads and bodies at every place, the others as the sockets like.
    const SMALL = 7 * 200;
    for (let at = 0; at < SMALL; at += 7) {
      socket.write(answers.subarray(at, at + 7));
      await setImmediate();
    }
    socket.write(answers.subarray(SMALL));
    await until(() => counted.packetOuts >= 5000);
    expect(counted).toMatchObject({ packetOuts: 5000, flowMods: 5000 });
  });

  it('answers what a controller asks of a new switch', async () => {
    const { socket, counted } = await connected();
    const replies: string[] = [];
    let id: string | undefined;
    const framer = new Framer(({ bytes }, start) => {
      const message = decode(bytes, start);
      replies.push(`${message.type} ${message.xid}`);
      if (message.type === 'featuresReply') id = message.datapathId.toString();
    });
    socket.write(encode({ type: 'featuresRequest', xid: 1 }));
    socket.write(encode({ type: 'getConfigRequest', xid: 2 }));
    socket.write(encode({ type: 'multipartRequest', multipartType: 'portDesc', xid: 3 }));
    socket.write(encode({ type: 'echoRequest', xid: 4, data: Buffer.alloc(0) }));
    socket.write(encode({ type: 'barrierRequest', xid: 5 }));
    for await (const chunk of socket) {
      framer.push(chunk);
      if (replies.some((reply) => reply === 'barrierReply 5')) break;
    }
    expect(replies.slice(1)).toEqual([
      'featuresReply 1',
      'getConfigReply 2',
      'multipartReply 3',
      'echoReply 4',
      'barrierReply 5',
    ]);
    expect([id, counted.asked]).toEqual(['7', 2]);
  });

  it('tells of replies to its echo requests', async () => {
    const { socket, counted, until } = await connected();
    socket.write(encode({ type: 'echoReply', data: Buffer.alloc(0) }));
    await until(() => counted.echoes === 1);
    expect(counted.packetOuts).toBe(0);
  });
});
