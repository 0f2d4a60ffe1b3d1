import { afterEach, describe, expect, it } from '@jest/globals';
import { SoftSwitch } from '../../src/datapath/index.ts';
import { output } from '../../src/ofp/actions/standard.ts';
import { encode, type MessageInit } from '../../src/ofp/message.ts';
import { parseFlow } from '../../src/ofp/text/flow-parse.ts';
import { Random } from './orders/random.ts';
import { randomSequence } from './orders/random-orders.ts';
import { peerOf } from './peer-of.ts';

const switches: SoftSwitch[] = [];
afterEach(async () => {
  await Promise.all(switches.splice(0).map((each) => each.close()));
});

function make(): SoftSwitch {
  const made = new SoftSwitch({ datapathId: 1, ports: [{ portNo: 1 }, { portNo: 2 }] });
  switches.push(made);
  return made;
}

const bands = [{ type: 'drop', rate: 9, burstSize: 0 }] as const;
const buckets = [{ actions: [output(1)] }];
const MESSAGES: readonly MessageInit[] = [
  parseFlow('table=1,priority=3,ip,nw_dst=10.0.0.0/8,actions=set_field:5->reg0,output:1,goto_table:2'),
  { type: 'groupMod', command: 'add', groupId: 1, groupType: 'all', buckets },
  { type: 'meterMod', command: 'add', meterId: 1, flags: 1, bands },
  { type: 'packetOut', inPort: 1, actions: [output(2)], data: Buffer.alloc(20) },
  { type: 'portMod', portNo: 1, hwAddr: '02:00:00:00:00:01', config: 0, mask: 0, advertise: 0 },
  { type: 'roleRequest', role: 'equal', generationId: 1 },
  { type: 'setConfig', flags: 0, missSendLen: 128 },
  { type: 'onfBundleAddMessage', bundleId: 1, message: parseFlow('udp,actions=output:1') },
  {
    type: 'nxTlvTableMod',
    command: 'add',
    maps: [{ optionClass: 1, optionType: 1, optionLen: 4, index: 0 }],
  },
  { type: 'multipartRequest', multipartType: 'flow' },
  {
    type: 'multipartRequest',
    multipartType: 'onfFlowMonitor',
    body: [{ monitorId: 1, flags: 2, match: { ethType: 0x800 } }],
  },
];

/** The message cut to so many bytes, which its header says too. */
function cut(bytes: Buffer, size: number): Buffer {
  const part = Buffer.from(bytes.subarray(0, size));
  part.writeUInt16BE(size, 2);
  return part;
}

describe('a SoftSwitch that is sent nonsense', () => {
  it.each(MESSAGES.map((message) => [message.type, message] as const))(
    'answers %s that is cut with an error, or takes it, and goes on',
    async (_type, message) => {
      const controller = await peerOf(make());
      const bytes = encode({ ...message, xid: 7 } as MessageInit);
      let refused = 0;
      for (let size = 8; size < bytes.length; size++) {
        controller.sendBytes(cut(bytes, size));
        controller.send({ type: 'barrierRequest', xid: 8 });
        for (let type = ''; type !== 'barrierReply'; ) {
          const heard = await controller.any();
          type = heard.type;
          if (heard.type !== 'error') continue;
          expect(heard).toMatchObject({ xid: 7, version: 4 });
          expect(cut(bytes, size).equals(Buffer.from(heard.data))).toBe(true);
          refused++;
        }
      }
      expect(refused).toBeGreaterThan((bytes.length - 8) / 2);
    },
  );

  it('stays connected whatever its messages have in them', async () => {
    const made = make();
    const [first, second] = [await peerOf(made), await peerOf(made)];
    const hwAddrs = new Map([[1, '02:00:00:00:00:01']]);
    for (let seed = 0; seed < 300; seed++) {
      const random = new Random(seed);
      for (const { controller, bytes } of randomSequence(random, hwAddrs, 1)) {
        const worse = Buffer.from(bytes);
        for (let count = random.below(4); count > 0 && bytes.length > 8; count--)
          worse[8 + random.below(bytes.length - 8)] = random.below(256);
        (controller === 0 ? first : second).sendBytes(worse);
      }
    }
    for (const controller of [first, second]) {
      controller.send({ type: 'getConfigRequest', xid: 0xbeef });
      for (let xid = 0; xid !== 0xbeef; ) xid = (await controller.any()).xid;
    }
  });

  it('refuses other versions of OpenFlow, and goes on', async () => {
    const controller = await peerOf(make());
    const bytes = encode({ type: 'barrierRequest', xid: 9 });
    bytes[0] = 1;
    controller.sendBytes(bytes);
    expect(await controller.next('error')).toMatchObject({ name: 'OFPBRC_BAD_VERSION', xid: 9 });
    await controller.turn();
  });

  it('is silent about errors, so that two sides cannot answer each other for ever', async () => {
    const controller = await peerOf(make());
    controller.send({ type: 'error', errorType: 1, code: 1, data: Buffer.alloc(8) });
    await controller.turn();
  });

  it('ends the connection when the next message cannot be found, and no other', async () => {
    const made = make();
    const [bad, good] = [await peerOf(made), await peerOf(made)];
    bad.sendBytes(Buffer.from('0412000400000001', 'hex'));
    await bad.ended;
    await good.turn();
  });
});
