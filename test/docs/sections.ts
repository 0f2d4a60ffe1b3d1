import { expect } from '@jest/globals';
import { eventually } from '../lab/index.ts';
import { heardByHost, sendToOuterEnd } from '../lab/kernel.ts';
import { addTranslated, forge, isHeard, untilHeard } from './forged-tunnel.ts';
import type { Section, Trial } from './trial.ts';

/** Every section of a document that has programs or commands for switches, and how it is tried. */
export const SECTIONS: Readonly<Record<string, Section>> = {
  'README.md#Quick start': {
    after: {
      'ovs-vsctl set-controller br0 tcp:127.0.0.1:6653': async (trial) => {
        await reaches(trial, 'web1', 'db1');
        expect(await flows(trial)).toMatch(/dl_src=.*dl_dst=.*actions=output:/);
      },
    },
    claim: async (trial) => expect(await flows(trial)).not.toContain('CONTROLLER'),
  },
  'README.md#Containers on two machines': {
    before: async (trial) => {
      const container = (host: string) => trial.host(host).containers.get(host === 'h1' ? 'box1' : 'box2')!;
      await trial.serveDocker('h1', { web: container('h1') });
      await trial.serveDocker('h2', { db: container('h2') });
    },
    claim: async (trial) => {
      const isReached = async () => (await trial.container('box1').ping('10.0.0.2')).received > 0;
      await eventually(isReached, { what: 'the container on the other host' });
      await trial.stopControllers();
      for (const name of ['h1', 'h2']) await trial.galago(trial.host(name), 'cleanup');
    },
  },
  'README.md#Pods': {
    claim: async (trial) => {
      await reaches(trial, 'web1', 'web2');
      await reachesNot(trial, 'web1', 'db1');
    },
  },
  'README.md#The libraries': {},

  'docs/pods.md#Labels': {},
  'docs/pods.md#Guarded endpoints': {},
  'docs/pods.md#DHCP': {},
  'docs/pods.md#A controller on each host': {
    claim: async (trial) => {
      await reaches(trial, 'web1', 'web2');
      await reaches(trial, 'db1', 'db2');
      await reachesNot(trial, 'web1', 'db1');
      await reachesNot(trial, 'web1', 'db2');
      expect(await flows(trial)).toContain('arp_spa=10.0.0.1,arp_sha=02:00:00:00:01:01');
    },
  },
  'docs/pods.md#One controller for all hosts': {
    notRun: "the lab's ovsdb-server takes no certificates",
  },
  'docs/pods.md#Who can send into a tunnel': {
    before: async (trial) => {
      const h2 = trial.host('h2');
      await forge(await addTranslated(trial.host('h1'), h2), h2.ip, '02:00:00:00:99:01');
      await untilHeard(h2, '02:00:00:00:99:01');
    },
    claim: async (trial) => {
      const h2 = trial.host('h2');
      await forge(trial.container('nat4'), h2.ip, '02:00:00:00:99:02');
      await reaches(trial, 'web1', 'web2');
      expect(await isHeard(h2, '02:00:00:00:99:02')).toBe(false);
    },
  },
  'docs/pods.md#What the kernel hears': {
    before: async (trial) => {
      const web1 = trial.container('web1');
      await sendToOuterEnd(trial.host(), web1, { ifname: 'eth0', port: 'web1' });
      expect(await heardByHost(trial.host(), web1, ['one'])).toEqual(['one']);
    },
    claim: async (trial) => {
      expect(await heardByHost(trial.host(), trial.container('web1'), ['two'])).toEqual([]);
      await reaches(trial, 'web1', 'web2');
    },
  },
  'docs/pods.md#What the controller changes': {
    before: async (trial) => {
      expect(await flows(trial)).toContain('cookie=0x6a1a');
      await trial.stopControllers();
      await reaches(trial, 'web1', 'web2');
    },
    claim: async (trial) => {
      expect(await flows(trial)).not.toContain('cookie=0x6a1a');
      const host = trial.host();
      expect(await host.ovs.ofctl('dump-groups', host.bridge)).not.toContain('group_id');
      expect(await host.ovs.ofctl('dump-meters', host.bridge)).not.toContain('meter=');
      await label(trial, 'web1', '7');
      await label(trial, 'db1', 'backend');
    },
  },
  'docs/pods.md#Events': {},
  'docs/pods.md#`used as: refused`': {
    before: (trial) => trial.startController(trial.host(), sockets(trial)),
  },
  'docs/pods.md#`used as: waiting`': {},
  'docs/pods.md#`… is in no pod`': {
    claim: (trial) => label(trial, 'db1', 'backend', '1000'),
  },
  'docs/pods.md#Where does a frame go?': {
    before: async (trial) => {
      const isReady = async () => (await flows(trial)).includes('arp_spa=10.0.0.1');
      await eventually(isReady, { what: 'the flows of web1' });
    },
  },

  'docs/slots.md#A virtual switch': {
    claim: async (trial) => expect(await trial.host().ovs.vsctl('list-br')).not.toContain('ovs0'),
  },

  'docs/openflow.md#Connect': {},
  'docs/openflow.md#Send': {},
  'docs/openflow.md#Ask': {},
  'docs/openflow.md#All or nothing': {
    claim: async (trial) => expect(await flows(trial)).toMatch(/n_bytes=0, in_port=2 actions=output:1\n$/),
  },
  'docs/openflow.md#Very many at once': {},
  'docs/openflow.md#Make it so': {},
  'docs/openflow.md#Packets': {
    // Nothing but the program lets a packet through then.
    before: async (trial) => {
      await trial.host().ovs.ofctl('del-flows', trial.host().bridge);
    },
    claim: (trial) => reaches(trial, 'web1', 'web2'),
  },
  'docs/openflow.md#Limit packet-ins': {
    claim: async (trial) => {
      const { ovs, bridge } = trial.host();
      expect(await ovs.ofctl('dump-meters', bridge)).toMatch(
        /meter=5 pktps burst bands=\s+type=drop rate=10 burst_size=20/,
      );
    },
  },
  'docs/openflow.md#Follow the flows': {},
  'docs/openflow.md#Roles': {},
  'docs/openflow.md#Auxiliary connections': {},
  'docs/openflow.md#Texts': {},
  'docs/openflow.md#Only the codec': {},

  'docs/ovsdb.md#Connect': {},
  'docs/ovsdb.md#Follow tables': {},
  'docs/ovsdb.md#Find rows': {},
  'docs/ovsdb.md#Only some rows': {},
  'docs/ovsdb.md#Change rows': {},
  'docs/ovsdb.md#Change together': {},
  'docs/ovsdb.md#Locks and leases': {},
  'docs/ovsdb.md#Clusters': {},
  'docs/ovsdb.md#Test without a server': {},
  'docs/ovsdb.md#Let servers call': {},
  'docs/ovsdb.md#Other databases': {},
  'docs/ovsdb.md#From the command line': {},

  'docs/testing.md#A controller of your own': {
    notRun: 'it needs no switch: test/docs/testing.test.ts runs it',
  },
  'docs/testing.md#Where does a packet go?': {},

  'docs/errors.md#Errors': {},
};

/** One reaches the other, as soon as flows are there. */
async function reaches(trial: Trial, from: string, to: string): Promise<void> {
  const { ip } = trial.container(to);
  const isReached = async () => (await trial.container(from).ping(ip)).received > 0;
  await eventually(isReached, { what: `${from} to reach ${to}` });
}

/** To be called when something else has shown that flows are there. */
async function reachesNot(trial: Trial, from: string, to: string): Promise<void> {
  const { received } = await trial.container(from).ping(trial.container(to).ip, { timeoutSec: 0.5 });
  expect({ from, to, received }).toEqual({ from, to, received: 0 });
}

function flows(trial: Trial): Promise<string> {
  const { ovs, bridge } = trial.host();
  return ovs.ofctl('dump-flows', bridge);
}

async function label(trial: Trial, name: string, pod: string, key?: string): Promise<void> {
  const settings = [`galago-pod=${pod}`, ...(key === undefined ? [] : [`galago-key=${key}`])];
  const columns = settings.map((setting) => `external_ids:${setting}`);
  await trial.host().ovs.vsctl('set', 'Interface', name, ...columns);
}

function sockets(trial: Trial): string[] {
  const { ovs, bridge } = trial.host();
  return ['controller', '--openflow', `unix:${ovs.mgmt(bridge)}`, '--ovsdb', ovs.dbSocket];
}
