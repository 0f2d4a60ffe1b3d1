import { duplexPair } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { SoftSwitch } from '../../src/datapath/index.ts';
import type { MessageInit } from '../../src/ofp/message.ts';
import { encode } from '../../src/ofp/message.ts';
import { type NxPacketIn2, resume } from '../../src/ofp/messages/nicira-packet-in2.ts';
import { Switch } from '../../src/ofp/session/switch.ts';
import { parseFlow } from '../../src/ofp/text/flow-parse.ts';
import { formatMessage } from '../../src/ofp/text/message-format.ts';
import { udpFrame } from './frames.ts';

const FRAME = udpFrame();

/** A switch with these flows, and a controller that keeps the packets that pause. */
class Scene {
  readonly sent: string[] = [];
  readonly packetIns: NxPacketIn2[] = [];
  readonly soft = new SoftSwitch({
    datapathId: 1,
    ports: [1, 2, 3, 4].map((portNo) => ({ portNo })),
    onTransmit: (port, frame) =>
      this.sent.push(`${port} ${Buffer.from(frame.subarray(0, 12)).toString('hex')}`),
  });

  static async open(...flows: readonly string[]): Promise<{ scene: Scene; session: Switch }> {
    const scene = new Scene();
    const session = await scene.connect();
    await session.sendAll(flows.map((text) => parseFlow(text)));
    return { scene, session };
  }

  async connect(): Promise<Switch> {
    const [ours, theirs] = duplexPair();
    this.soft.connect(theirs);
    const session = await Switch.open(ours);
    session.on('packetIn2', (message) => void this.packetIns.push(message));
    await session.sendAll([{ type: 'nxSetPacketInFormat', format: 'nxPacketIn2' }]);
    return session;
  }

  async receive(session: Switch): Promise<void> {
    this.soft.receive(1, FRAME);
    await this.soft.heard();
    await session.barrier();
  }
}

const PLAIN = '020000000002020000000001';

describe('a packet that has paused', () => {
  it('goes on with its action set, whatever is in it', async () => {
    const { scene, session } = await Scene.open(
      'actions=write_actions(set_field:02:00:00:00:00:77->eth_dst,output:3),goto_table:1',
      'table=1,actions=output:2,controller(pause),clear_actions,write_actions(output:4),write_metadata:5,goto_table:2',
      'table=2,metadata=5,actions=write_actions(set_field:02:00:00:00:00:66->eth_src)',
    );
    await scene.receive(session);
    expect(scene.sent).toEqual([`2 ${PLAIN}`]);
    await session.sendAll([resume(scene.packetIns[0]!)]);
    expect(scene.sent.slice(1)).toEqual(['4 020000000002020000000066']);
    await session.close();
  });

  it('goes on with the action set alone', async () => {
    const { scene, session } = await Scene.open(
      'actions=write_actions(set_field:02:00:00:00:00:77->eth_dst,output:3),goto_table:1',
      'table=1,actions=controller(pause)',
    );
    await scene.receive(session);
    await session.sendAll([resume(scene.packetIns[0]!)]);
    expect(scene.sent).toEqual(['3 020000000077020000000001']);
    await session.close();
  });

  it('does not keep others from going on', async () => {
    const { scene, session } = await Scene.open(
      'actions=clone(set_field:02:00:00:00:00:77->eth_dst,controller(pause),output:2),output:3',
    );
    await scene.receive(session);
    await scene.receive(session);
    expect(scene.sent).toEqual([`3 ${PLAIN}`, `3 ${PLAIN}`]);
    await session.sendAll(scene.packetIns.map((packetIn) => resume(packetIn)));
    expect(scene.sent.slice(2)).toEqual(['2 020000000077020000000001', '2 020000000077020000000001']);
    await session.close();
  });

  it('goes on twice when it is asked for twice, and pauses again', async () => {
    const { scene, session } = await Scene.open(
      'actions=controller(pause),output:2,controller(pause),output:3',
    );
    await scene.receive(session);
    const first = resume(scene.packetIns[0]!);
    await session.sendAll([first, first]);
    await scene.soft.heard();
    expect(scene.packetIns).toHaveLength(3);
    await session.sendAll([resume(scene.packetIns[2]!)]);
    expect(scene.sent.map((sent) => sent[0])).toEqual(['2', '2', '3']);
    await session.close();
  });

  it('is told in the words of Open vSwitch', async () => {
    const { scene, session } = await Scene.open(
      'cookie=5,actions=goto_table:2',
      'table=2,cookie=7,actions=push:NXM_OF_IN_PORT[],resubmit(,1),output:2,write_actions(output:3)',
      'table=1,ip,cookie=6,actions=controller(pause,userdata=01.02),dec_ttl',
    );
    await scene.receive(session);
    const text = formatMessage(encode(scene.packetIns[0]!));
    expect(text).toContain(' userdata=01.02\n');
    expect(text).toContain(' continuation.stack=(top) 0x1 (bottom)\n');
    expect(text).toContain('unroll_xlate(table=1, cookie=6),dec_ttl');
    expect(text).toContain('unroll_xlate(table=2, cookie=7),output:2');
    await session.close();
  });

  it('is lost when too much is left to do with it', async () => {
    const much = Array.from({ length: 3000 }, () => 'set_field:02:00:00:00:00:77->eth_dst').join(',');
    const { scene, session } = await Scene.open(`actions=output:2,controller(pause),${much},output:3`);
    await scene.receive(session);
    expect([scene.sent, scene.packetIns]).toEqual([[`2 ${PLAIN}`], []]);
    await session.close();
  });

  it('goes on in no other switch, nor in one that was started anew', async () => {
    const { scene, session } = await Scene.open('actions=controller(pause),output:2');
    await scene.receive(session);
    const message = resume(scene.packetIns[0]!);
    const { scene: other, session: elsewhere } = await Scene.open();
    await expect(elsewhere.sendAll([message as MessageInit])).rejects.toMatchObject({ code: 'NXR_STALE' });
    expect(other.sent).toEqual([]);
    await Promise.all([scene.soft.stop(), elsewhere.close(), session.close()]);
    scene.soft.start();
    const again = await scene.connect();
    await expect(again.sendAll([message as MessageInit])).rejects.toMatchObject({ code: 'NXR_STALE' });
    await again.close();
  });
});
