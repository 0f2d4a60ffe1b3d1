import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { parseFlow } from '../../src/ofp/text/flow-parse.ts';
import { ethernet, ipv4, ipv6, neighbor, ports, udp } from '../datapath/frames.ts';
import { Random } from '../fuzz/random.ts';
import { Lab } from '../lab/index.ts';
import { describeWithLab } from './describe-with-lab.ts';
import { connectionFlows } from './differential/connection-flows.ts';
import type { Contender } from './differential/contender.ts';
import { DummySwitch } from './differential/dummy-switch.ts';
import { SoftwareSwitch } from './differential/software-switch.ts';

const ROUNDS = Number(process.env.GALAGO_DIFFERENTIAL_ROUNDS ?? 8);
const SEED = Number(process.env.GALAGO_DIFFERENTIAL_SEED ?? 1);
const PACKETS = 40;
const PORTS = [1, 2, 3, 4];
describeWithLab(`connections beside Open vSwitch, seed ${SEED}`, () => {
  let lab: Lab;
  let real: DummySwitch;
  let ours: SoftwareSwitch;

  beforeAll(async () => {
    lab = await Lab.create();
    real = await DummySwitch.start(join(lab.dir, 'dummy'), PORTS, { GALAGO_LAB: lab.dir });
    ours = await SoftwareSwitch.start(join(lab.dir, 'ours.sock'), real.session.ports.values());
  });

  afterAll(async () => {
    await ours?.close();
    await real?.close();
    await lab?.close();
  });

  it(`are found, committed and told to ${ROUNDS} times ${PACKETS} packets in the same way`, async () => {
    const differences: string[] = [];
    let tracked = 0;
    for (let round = 0; round < ROUNDS && differences.length < 5; round++) {
      const random = new Random(SEED * 1000 + round);
      const flows = connectionFlows(random);
      const messages = flows.map((text) => parseFlow(text));
      for (const each of [real, ours]) {
        each.session.send({ type: 'nxCtFlush', ipProto: 0 });
        const errors = await each.load(messages);
        expect(errors.filter((error) => error !== 'ok')).toEqual([]);
      }
      const history: string[] = [];
      for (let i = 0; i < PACKETS && differences.length < 5; i++) {
        const port = random.pick(PORTS);
        const frame = randomFrame(random);
        history.push(`${port} ${frame.toString('hex')}`);
        const [theirs, our] = [await inject(real, port, frame), await inject(ours, port, frame)];
        tracked += our.includes('ctState') ? 1 : 0;
        if (theirs !== our)
          differences.push([...flows, ...history, `Open vSwitch: ${theirs}`, `ours: ${our}`].join('\n'));
      }
    }
    expect(differences.join('\n\n')).toBe('');
    expect(tracked).toBeGreaterThan(ROUNDS * PACKETS * 0.5);
  }, 120_000);
});

async function inject(contender: Contender, port: number, frame: Uint8Array): Promise<string> {
  return JSON.stringify(await contender.inject(port, frame), null, 1);
}

/** A packet of one of few connections, in either direction. */
function randomFrame(random: Random): Buffer {
  const isReply = random.oneIn(2);
  const [sport, dport] = isReply ? [80, random.pick([1000, 1001])] : [random.pick([1000, 1001]), 80];
  const [src, dst] = isReply ? ['10.0.0.2', '10.0.0.1'] : ['10.0.0.1', '10.0.0.2'];
  const kind = random.below(7);
  if (kind < 3) return broke(random, ethernet(0x0800, ipv4(6, segment(random, sport, dport), { src, dst })));
  if (kind === 3) return broke(random, ethernet(0x0800, ipv4(17, udp(sport, dport), { src, dst })));
  if (kind === 4) {
    const echo = Buffer.from([isReply ? 0 : 8, 0, 0, 0, 0, random.pick([1, 2]), 0, 1]);
    if (random.oneIn(10)) echo[0] = random.pick([9, 13, 14]);
    return broke(random, ethernet(0x0800, ipv4(1, echo, { src, dst })));
  }
  const [src6, dst6] = isReply ? ['fd00::2', 'fd00::1'] : ['fd00::1', 'fd00::2'];
  if (kind === 5 && random.oneIn(2)) {
    const echo = Buffer.from([isReply ? 129 : 128, 0, 0, 0, 0, 7, 0, 1]);
    return ethernet(0x86dd, ipv6(58, random.oneIn(6) ? neighbor(135, 1) : echo, src6, dst6));
  }
  if (kind === 5) return ethernet(0x86dd, ipv6(17, udp(sport, dport), src6, dst6));
  return ethernet(0x0800, ipv4(random.pick([47, 132]), ports(sport, dport, 16), { src, dst }));
}

/** Without data, and with a window that lets everything in: sequence numbers are not what is compared. */
function segment(random: Random, sport: number, dport: number): Buffer {
  const bytes = ports(sport, dport, 20);
  const flags = random.pick([0x02, 0x02, 0x12, 0x12, 0x10, 0x10, 0x10, 0x11, 0x04, 0x14, 0x00, 0x03]);
  bytes.writeUInt16BE(0x5000 | flags, 12);
  bytes.writeUInt16BE(0xffff, 14);
  return bytes;
}

/** Sometimes breaks the last byte, which a checksum covers. */
function broke(random: Random, frame: Buffer): Buffer {
  if (random.oneIn(15)) frame[frame.length - 1]! ^= 1;
  return frame;
}
