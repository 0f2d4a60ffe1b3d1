import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { ActionInit } from '../../src/ofp/actions/action.ts';
import { setField } from '../../src/ofp/actions/set-field.ts';
import type { MessageInit } from '../../src/ofp/message.ts';
import type { Random } from '../fuzz/random.ts';
import { Lab } from '../lab/index.ts';
import { describeWithLab } from './describe-with-lab.ts';
import { DummySwitch } from './differential/dummy-switch.ts';
import { differencesBetween } from './differential/random-cases.ts';
import { POOLS } from './differential/random-frames.ts';
import { SLICE } from './differential/slice.ts';
import { SoftwareSwitch } from './differential/software-switch.ts';
import { TUNNEL_ADDRESS, type TunnelPorts } from './differential/underlay.ts';

const TUNNELS: TunnelPorts = { 2: 'vxlan', 3: 'geneve', 4: 'gre' };
const DEAD_PORT = 5;
const KEYS = [0, 1, 7, 0xff_ffff];
const PEERS = POOLS.tunnel4.slice(1);
const PEERS6 = POOLS.tunnel6.slice(1);
const TIMEOUT_MS = 60_000 + SLICE.cases * 100;

describeWithLab(`tunnels of the software switch beside those of Open vSwitch, seed ${SLICE.seed}`, () => {
  let lab: Lab;
  let real: DummySwitch;
  let ours: SoftwareSwitch;

  beforeAll(async () => {
    lab = await Lab.create();
    // Routes of this process's namespace would lead elsewhere.
    const { netns } = await lab.addSwitch();
    real = await DummySwitch.start(
      join(lab.dir, 'dummy'),
      [1, DEAD_PORT],
      { GALAGO_LAB: lab.dir },
      {
        deadPortNos: [DEAD_PORT],
        tunnels: TUNNELS,
        netns,
      },
    );
    ours = await SoftwareSwitch.start(join(lab.dir, 'ours.sock'), real.session.ports.values(), TUNNELS);
  });

  afterAll(async () => {
    await ours?.close();
    await real?.close();
    await lab?.close();
  });

  it(
    `takes and sends ${SLICE.cases} packets as these do`,
    async () => {
      const tunnelOf = (random: Random, port: number) =>
        TUNNELS[port] && { key: random.pick(KEYS), src: random.pick(PEERS), dst: TUNNEL_ADDRESS };
      const differences = await differencesBetween(real, ours, {
        ...SLICE,
        change: withDestination,
        tunnelOf,
      });
      expect(differences.join('\n\n')).toBe('');
    },
    TIMEOUT_MS,
  );
});

/**
 * The message with a tunnel to take in each of its lists of actions. Without one, Open vSwitch 3.1 forgets where a packet
 * came from once it was to leave by a tunnel.
 */
function withDestination(random: Random, message: MessageInit): MessageInit {
  if (message.type === 'groupMod') {
    const buckets = message.buckets?.map((bucket) => ({
      ...bucket,
      actions: bucket.actions.filter(isComparable),
    }));
    return { ...message, ...(buckets && { buckets }) };
  }
  if (message.type !== 'flowMod') return message;
  const instructions = (message.instructions ?? []).map((instruction) => {
    if (!('actions' in instruction)) return instruction;
    const first = instruction.type === 'applyActions' ? destination(random) : [];
    return { ...instruction, actions: [...first, ...instruction.actions.filter(isComparable)] };
  });
  return { ...message, instructions };
}

function destination(random: Random): readonly ActionInit[] {
  const key = setField('tunnelId', random.pick(KEYS));
  if (!random.oneIn(3)) return [setField('tunIpv4Dst', random.pick(PEERS)), key];
  return [setField('tunIpv4Dst', '0.0.0.0'), setField('tunIpv6Dst', random.pick(PEERS6)), key];
}

/**
 * False for what is odd about the tunnels of Open vSwitch 3.1: routes go by the mark, a destination of zeros is one, in a
 * clone a packet is put into a second tunnel inside the first, and a lesson has the number of the datapath for a port.
 */
function isComparable(action: ActionInit): boolean {
  const text = JSON.stringify(action, (_key, value) => (typeof value === 'bigint' ? String(value) : value));
  return !/pktMark|tunIpv4Dst|tunIpv6Dst|nxClone|nxLearn.*[iI]nPort/.test(text);
}
