import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  encode,
  type MessageInit,
  type OnfRoleStatus,
  OpenFlowServer,
  output,
  PortNo,
  type RequestError,
  type Switch,
} from '../../src/ofp/index.ts';
import { type Host, Lab } from '../lab/index.ts';
import { nextSwitch } from './called-by-switch.ts';
import { describeWithLab } from './describe-with-lab.ts';
import { inject } from './frames.ts';

const ALL_ONES = '18446744073709551615';

describeWithLab('an Open vSwitch with three controllers', () => {
  let lab: Lab;
  let host: Host;
  let servers: readonly OpenFlowServer[];
  let one: Switch;
  let two: Switch;
  let three: Switch;

  beforeAll(async () => {
    lab = await Lab.create();
    host = await lab.addSwitch();
    servers = [1, 2, 3].map(() => new OpenFlowServer({ listen: 'ptcp:0' }));
    const ports = await Promise.all(
      servers.map(async (server) => {
        await server.listen();
        return host.importPort(Number(server.method!.split(':')[1]), 0);
      }),
    );
    const joined = Promise.all(servers.map(nextSwitch));
    await host.ovs.vsctl('set-controller', host.bridge, ...ports.map((port) => `tcp:127.0.0.1:${port}`));
    [one, two, three] = (await joined) as [Switch, Switch, Switch];
  });

  afterAll(async () => {
    await Promise.all((servers ?? []).map((server) => server.close()));
    await lab?.close();
  });

  const flowMod: MessageInit = {
    type: 'flowMod',
    command: 'add',
    priority: 0,
    instructions: [{ type: 'applyActions', actions: [output(PortNo.CONTROLLER)] }],
  };

  function nextRoleStatus(session: Switch): Promise<OnfRoleStatus> {
    return new Promise((resolve) => session.once('roleStatus', resolve));
  }

  function refusal(session: Switch): Promise<RequestError> {
    return new Promise((resolve) => session.once('requestError', resolve));
  }

  /** The role and the generation that the switch has for a session. */
  async function standing(session: Switch): Promise<string> {
    const { role, generationId } = await session.setRole('noChange');
    return `${role} ${generationId}`;
  }

  it('has equal ones to begin with, and no generation', async () => {
    const standings = await Promise.all([one, two, three].map(standing));
    expect(standings).toEqual([`equal ${ALL_ONES}`, `equal ${ALL_ONES}`, `equal ${ALL_ONES}`]);
    for (const session of [one, two, three]) await session.sendAll([flowMod]);
  });

  it('gives the first master generation 0, and each later one the next', async () => {
    expect(await one.setRole('master')).toMatchObject({ role: 'master' });
    expect(await standing(one)).toBe('master 0');
    const demoted = nextRoleStatus(one);
    await two.setRole('master');
    const { role, reason, generationId } = await demoted;
    expect({ role, reason, generation: `${generationId}` }).toEqual({
      role: 'slave',
      reason: 'masterRequest',
      generation: '1',
    });
    expect(await Promise.all([one, two, three].map(standing))).toEqual(['slave 1', 'master 1', 'equal 1']);
  });

  it('takes no flows from a slave, and says why, but lets it read', async () => {
    const refused = refusal(one);
    one.send(flowMod);
    const { error, request } = await refused;
    expect(error.code).toBe('OFPBRC_IS_SECONDARY');
    expect(encode(request!).equals(encode({ ...flowMod, xid: request!.xid }))).toBe(true);
    await expect(one.sendAll([flowMod])).rejects.toMatchObject({ code: 'OFPBRC_IS_SECONDARY' });
    expect(await one.multipart('flow')).toHaveLength(1);
    for (const session of [two, three]) await session.sendAll([flowMod]);
  });

  it.each(['master', 'slave'] as const)(
    'refuses the role of %s for an election that is past',
    async (role) => {
      await expect(one.setRole(role, 0)).rejects.toMatchObject({ code: 'OFPRRFC_STALE' });
      expect(await standing(one)).toBe('slave 1');
    },
  );

  it('lets a controller become slave without an election', async () => {
    await three.setRole('slave');
    expect(await Promise.all([one, two, three].map(standing))).toEqual(['slave 1', 'master 1', 'slave 1']);
    await three.setRole('equal');
    await three.sendAll([flowMod]);
  });

  it('goes on at 0 when the generations have come to their end', async () => {
    for (const generationId of [2n ** 63n - 1n, 2n ** 64n - 2n]) await one.setRole('master', generationId);
    await two.setRole('master');
    expect(await standing(two)).toBe(`master ${ALL_ONES}`);
    await one.setRole('master');
    expect(await standing(one)).toBe('master 0');
    await expect(two.setRole('master', 2n ** 64n - 2n)).rejects.toMatchObject({ code: 'OFPRRFC_STALE' });
  });

  describe('asked for what it sends on its own', () => {
    /** How many packet-ins come to each of two when a frame comes to the switch. */
    async function packetIns(): Promise<number[]> {
      const counts = [0, 0];
      const count = [() => counts[0]!++, () => counts[1]!++] as const;
      const first = new Promise((resolve) => one.once('packetIn', resolve));
      for (const [index, session] of [one, two].entries()) session.on('packetIn', count[index]!);
      await inject(host, PortNo.LOCAL, { to: 'ff:ff:ff:ff:ff:ff', from: '02:00:00:00:00:01' });
      await first;
      // What the switch sends to the slave has left it when it answers.
      await two.barrier();
      while (two.waitingPacketIns > 0) await two.barrier();
      for (const [index, session] of [one, two].entries()) session.off('packetIn', count[index]!);
      return counts;
    }

    beforeAll(async () => {
      await one.setRole('master');
      await two.setRole('slave');
    });

    it('says what it does by default, and what it was asked for', async () => {
      const config = await one.request({ type: 'getAsyncRequest' });
      expect(config).toMatchObject({ packetInMaster: 3, packetInSlave: 0, portStatusSlave: 7 });
      const changes = { packetInSlave: 2, flowRemovedMaster: 1, portStatusMaster: 5 };
      await one.setAsync(changes);
      const { xid: _, ...changed } = await one.request({ type: 'getAsyncRequest' });
      expect(changed).toEqual({ ...config, ...changes, xid: undefined });
      await one.setAsync(config);
    });

    it('brings no packets to a slave, unless it asks for them', async () => {
      expect(await packetIns()).toEqual([1, 0]);
      await two.setAsync({ packetInSlave: 3 });
      expect(await packetIns()).toEqual([1, 1]);
    });
  });
});
