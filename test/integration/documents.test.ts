import { join } from 'node:path';
import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { readDocuments } from '../docs/documents.ts';
import { SECTIONS } from '../docs/sections.ts';
import { Trial } from '../docs/trial.ts';
import { type Host, Lab } from '../lab/index.ts';
import { describeWithLab } from './describe-with-lab.ts';

describeWithLab('what the documents say', () => {
  const documents = readDocuments().map(({ file, fences }) => {
    const sections = [...new Set(fences.map(({ section }) => section))];
    const tried = sections.filter((section) => SECTIONS[section] !== undefined && !SECTIONS[section].notRun);
    return { file, fences, tried };
  });

  describe.each(documents.filter(({ tried }) => tried.length > 0))('$file', ({ file, fences, tried }) => {
    let lab: Lab;
    let trial: Trial;

    beforeAll(async () => {
      lab = await Lab.create();
      const hosts = await (HOSTS[file] ?? oneHost)(lab);
      trial = new Trial(hosts, join(lab.dir, 'programs'));
    });

    afterAll(async () => {
      await trial?.close();
      await lab?.close();
    });

    it.each(tried)('is so: %s', async (name) => {
      const inSection = fences.filter(({ section }) => section === name);
      await trial.run(inSection, SECTIONS[name]!);
    });
  });
}, ['nft']);

/** The hosts of documents that need more than one. */
const HOSTS: Readonly<Record<string, (lab: Lab) => Promise<readonly Host[]>>> = {
  'docs/pods.md': twoHosts,
  'README.md': bothMachines,
};

/** A bridge `br0` as `ovs-vsctl add-br` makes it, with three interfaces. */
async function oneHost(lab: Lab, address: readonly string[] = []): Promise<readonly Host[]> {
  const host = await lab.addHost({ name: 'h1', bridge: 'br0', address });
  await makeStock(host);
  for (const [index, name] of ['web1', 'web2', 'db1'].entries())
    await host.addContainer({ name, address: `10.0.0.${index + 1}/24` });
  return [host];
}

/** The same on an underlay with another one that has no bridge, and on both a container on none. */
async function bothMachines(lab: Lab): Promise<readonly Host[]> {
  const [h1] = await oneHost(lab, ['192.0.2.1/24']);
  const h2 = await lab.addHost({ name: 'h2', bridge: false, address: '192.0.2.2/24' });
  await h1!.addContainer({ name: 'box1', bridge: false });
  await h2.addContainer({ name: 'box2', bridge: false });
  return [h1!, h2];
}

/** Two hosts with tunnel addresses, and two interfaces on each. */
async function twoHosts(lab: Lab): Promise<readonly Host[]> {
  return Promise.all(
    [1, 2].map(async (number) => {
      const host = await lab.addHost({ name: `h${number}`, address: `192.0.2.${number}/24` });
      await makeStock(host);
      await host.addContainer({ name: `web${number}`, address: `10.0.0.${number}/24` });
      await host.addContainer({ name: `db${number}`, address: `10.0.0.${number + 10}/24` });
      return host;
    }),
  );
}

/** Takes off what the lab has set: readers' bridges begin without. */
async function makeStock({ ovs, bridge }: Host): Promise<void> {
  await ovs.vsctl('clear', 'Bridge', bridge, 'protocols', 'fail_mode');
}
