import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type Host, Lab } from '../lab/index.ts';
import { describeWithLab } from './describe-with-lab.ts';
import { galago, galagoJson } from './host-cli.ts';

/** The fields that the documents name, by the commands that they name them for. */
function documented(): ReadonlyMap<string, readonly string[]> {
  const text = readFileSync(new URL('../../docs/containers.md', import.meta.url), 'utf8');
  const [, section = ''] = text.split('## Output for programs');
  const words = (cell: string) => [...cell.matchAll(/`([^`]+)`/g)].map(([, word]) => word!);
  const rows = [...section.split('\n## ')[0]!.matchAll(/^\| (`.*) \| (.*`) \|$/gm)];
  return new Map(
    rows.flatMap(([, commands, fields]) => {
      const [names, dry] = [words(commands!), '--dry-run'];
      const isDry = names.includes(dry);
      return names
        .filter((name) => name !== dry)
        .map((name) => [isDry ? `${name} ${dry}` : name, words(fields!)] as const);
    }),
  );
}

describeWithLab('what commands print', () => {
  let lab: Lab;
  let host: Host;
  let target: string;

  beforeAll(async () => {
    lab = await Lab.create();
    host = await lab.addHost({ name: 'h1', address: '192.0.2.1/24', bridge: false });
    target = `netns:${(await host.addContainer({ name: 'box', bridge: false })).netns}`;
  });

  afterAll(() => lab?.close());

  it('has, as JSON, the fields that the documents name, and no others', async () => {
    const subnet = ['--subnet', '10.0.0.0/24'];
    const calls: readonly (readonly [string, ...string[]])[] = [
      ['init --dry-run', '--usermode'],
      ['init', '--usermode'],
      ['cluster', '192.0.2.2'],
      ['cluster add', '192.0.2.3'],
      ['cluster remove', '192.0.2.3'],
      ['cluster list'],
      ['pods set --dry-run', '7', ...subnet],
      ['pods set', '7', ...subnet],
      ['connect --dry-run', target, 'auto', '7'],
      ['connect', target, 'auto', '7'],
      ['vswitch create --dry-run', '10.9.0.254/24', '--usermode'],
      ['vswitch create', '10.9.0.254/24', '--usermode'],
      ['vswitch list'],
      ['status'],
      ['vswitch remove --dry-run'],
      ['vswitch remove'],
      ['endpoints'],
      ['pods'],
      ['disconnect', target],
      ['pods unset --dry-run', '7'],
      ['pods unset', '7'],
      ['cleanup'],
    ];
    const fields = documented();
    // What it takes to confirm the move of an uplink is tried with that.
    expect([...fields.keys()].filter((name) => name !== 'init --confirm').sort()).toEqual(
      calls.map(([name]) => name).sort(),
    );
    for (const [name, ...args] of calls) {
      const printed = await galagoJson<object>(host, ...name.split(' '), ...args);
      const [object] = [printed].flat();
      expect({ name, fields: Object.keys(object!).sort() }).toEqual({
        name,
        fields: [...fields.get(name)!].sort(),
      });
    }
  });

  it('says what an endpoint still lacks', async () => {
    await galago(host, 'init', '--usermode');
    const { stdout } = await galago(host, 'connect', target, 'dhcp', '7');
    expect(stdout.split('\n').slice(1, -1)).toEqual([
      'next: galago agent: until then nobody gives the bridge its flows',
      'next: galago pods set 7 --subnet ...: until then nobody answers DHCP there',
    ]);
    const { problems } = await galagoJson<{ readonly problems: readonly string[] }>(host, 'status');
    expect(problems).toEqual(['no agent looks after this host: galago agent']);
    await galago(host, 'cleanup');
  });

  it('is an array also where there is nothing, and a sentence for people', async () => {
    expect(await galagoJson(host, 'endpoints')).toEqual([]);
    expect((await galago(host, 'endpoints')).stdout).toMatch(/^POD +CONTAINER .*\n$/);
    expect(await galagoJson(host, 'cleanup')).toEqual({ changes: [] });
    expect((await galago(host, 'cleanup')).stdout).toBe('nothing to do\n');
  });
});
