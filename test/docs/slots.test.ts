import { describe, expect, it } from '@jest/globals';
import { Command as Program } from 'commander';
import { addStartCommand } from '../../src/cli/slots/start.ts';
import { addStopCommand } from '../../src/cli/slots/stop.ts';
import { addVswitchCommand } from '../../src/cli/slots/vswitch.ts';
import { parseEndpointAddress } from '../../src/host/addresses/address.ts';
import { MAX_SLOT, slotOf } from '../../src/host/slots/slot.ts';
import { VswitchKey } from '../../src/host/slots/vswitch-labels.ts';
import { readDocuments } from './documents.ts';

const { text } = readDocuments().find(({ file }) => file === 'docs/slots.md')!;

describe('docs/slots.md', () => {
  it('names the labels that are written', () => {
    for (const key of Object.values(VswitchKey)) expect(text).toContain(`| \`${key}\` |`);
  });

  it('says what follows from the number of a slot', () => {
    const address = parseEndpointAddress('10.0.0.254/24');
    const slot = slotOf({ name: 'ovs0', address, ipv6Prefix: undefined }, 3, 'h1');
    const { name, hostname, ofport, ips, mac, gateway, second } = slot;
    for (const row of [
      `| name | \`${name}\` |`,
      `| host name | \`${hostname}\` |`,
      `| port | \`${name}\`, number ${ofport} |`,
      `| interface | \`eth0\`, ${ips[0]}, ${mac} |`,
      `| default route | by ${gateway} |`,
      `\`${second.name}\`, number ${second.ofport}`,
      `above ${MAX_SLOT}`,
    ])
      expect(text).toContain(row);
  });

  it('names options that there are', () => {
    const program = new Program();
    for (const add of [addStartCommand, addStopCommand, addVswitchCommand]) add(program);
    const commands = program.commands.flatMap((command) => [command, ...command.commands]);
    const options = commands.flatMap((command) => command.options.map(({ long }) => long));
    const named = [...text.matchAll(/`(--[a-z0-9-]+)/g)].map(([, option]) => option!);
    expect(named.filter((option) => !options.includes(option))).toEqual([]);
    expect(named.length).toBeGreaterThan(5);
  });
});
