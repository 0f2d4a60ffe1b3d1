import { describe, expect, it } from '@jest/globals';
import type { Command } from 'commander';
import { createProgram } from '../../src/cli/program.ts';
import { run } from './run.ts';

/** What an example has that the program has not. */
function problemsOf(program: Command, line: string): string[] {
  const words = line.replaceAll('\\\n', ' ').split(/\s+/);
  let command = program;
  for (const word of words) {
    const next = command.commands.find((one) => one.name() === word);
    if (next === undefined) break;
    command = next;
  }
  if (command === program) return [`${line}: no command`];
  const known = command.options.flatMap(({ long, short }) => [long, short]);
  return words
    .filter((word) => /^-{1,2}[a-z]/i.test(word) && !known.includes(word.split('=', 1)[0]!))
    .map((word) => `${line}: no option ${word}`);
}

/** Commands that read, print, or run until they are ended; the last ones are hidden. */
const READERS = [
  ...[
    'agent',
    'attach',
    'cluster list',
    'completion',
    'controller',
    'endpoints',
    'ofp decode',
    'ofp dump-flows',
  ],
  ...['ofp encode', 'ofp monitor', 'ofp snoop', 'ovsdb dump', 'ovsdb generate', 'ovsdb get-schema'],
  ...['ovsdb list-dbs', 'ovsdb monitor', 'pods', 'ps', 'status', 'vswitch list', 'complete', 'uplink-guard'],
];

const NOWHERE = { stdout: { write: () => {} }, stderr: { write: () => {} } };

describe('the command line', () => {
  it('prints its version', async () => {
    expect(await run('--version')).toEqual({
      exitCode: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
      stderr: '',
    });
  });

  it.each([['--help'], ['help'], ['controller', '--help'], ['help', 'controller'], ['help', 'help']])(
    'prints help with examples: %s %s',
    async (...args) => {
      const { exitCode, stdout, stderr } = await run(...args.filter(Boolean));
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
      expect(stdout).toMatch(/^Usage: galago/);
      expect(stdout).toMatch(/\nExamples:\n {2}/);
    },
  );

  it('prints the same help of a command in every way that it is asked for', async () => {
    const { stdout } = await run('ofp', 'dump-flows', '--help');
    for (const args of ['help ofp dump-flows', 'ofp help dump-flows'])
      expect(await run(...args.split(' '))).toEqual({ exitCode: 0, stdout, stderr: '' });
    const group = await run('help', 'ovsdb');
    expect(group.stdout).toMatch(/^Usage: galago ovsdb/);
    expect(await run('ovsdb', 'help')).toEqual(group);
    expect((await run('ofp', 'help', 'dump-flow')).stderr).toBe(
      "error: unknown command 'dump-flow' (Did you mean dump-flows?)\n",
    );
  });

  it('has examples for each command, of commands and options that there are', async () => {
    const program = await createProgram(NOWHERE, () => true);
    const problems: string[] = [];
    for (const command of program.commands.flatMap((one) => [one, ...one.commands])) {
      const path = command.parent === program ? [command.name()] : [command.parent!.name(), command.name()];
      const { stdout } = await run('help', ...path);
      const examples = [...stdout.matchAll(/^ +\$ (?:.*\| )?galago (.*(?:\\\n.*)*)$/gm)].map(
        ([, line]) => line!,
      );
      if (examples.length === 0) problems.push(`${path.join(' ')}: no example`);
      for (const line of examples) problems.push(...problemsOf(program, line));
    }
    expect(problems).toEqual([]);
  });

  it('has --dry-run for each command that changes something', async () => {
    const program = await createProgram(NOWHERE, () => true);
    const without = program.commands
      .flatMap((one) =>
        one.commands.length > 0 && !one.options.length ? one.commands : [one, ...one.commands],
      )
      .filter(({ options }) => !options.some(({ long }) => long === '--dry-run'))
      .map((command) => `${command.parent === program ? '' : `${command.parent!.name()} `}${command.name()}`);
    expect(without.filter((name) => !name.endsWith('help')).sort()).toEqual([...READERS].sort());
  });

  it('says in its help what the exit status means', async () => {
    for (const args of [['--help'], ['controller', '--help']]) {
      expect((await run(...args)).stdout).toContain('\nExit status:\n');
    }
  });

  it('shows its help as an error when no command is given', async () => {
    const { exitCode, stdout, stderr } = await run();
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toMatch(/^Usage: galago/);
  });

  it.each([
    [['contoller'], "unknown command 'contoller' (Did you mean controller?)"],
    [['help', 'contoller'], "unknown command 'contoller' (Did you mean controller?)"],
    [['help', 'x'], "unknown command 'x'"],
    [['pods', 'st'], "unknown command 'st' (Did you mean set?)"],
    [['pods', 'st', '7', '--subnet', '10.0.0.0/24'], "unknown command 'st' (Did you mean set?)"],
    [['pods', '--json', 'x'], "unknown command 'x'"],
    [['help', 'pods', 'unst'], "unknown command 'unst' (Did you mean unset?)"],
    [['cluster', 'lst'], "unknown command 'lst' (Did you mean list?)"],
    [['vswitch', 'crate'], "unknown command 'crate' (Did you mean create?)"],
    [['ofp', 'dump-flow', 'br0'], "unknown command 'dump-flow' (Did you mean dump-flows?)"],
    [
      ['init', '--encap', 'vxlna'],
      "option '--encap <type>' argument 'vxlna' is invalid. " +
        'Allowed choices are vxlan, geneve, gre (Did you mean vxlan?)',
    ],
    [['--verson'], "unknown option '--verson' (Did you mean --version?)"],
    [['controller', '--opnflow', 'ptcp:0'], "unknown option '--opnflow' (Did you mean --openflow?)"],
    [
      ['controller', 'br0'],
      "too many arguments for 'controller'. Expected 0 arguments but got 1. (usage: galago controller [options])",
    ],
    [
      ['connect', 'web'],
      "missing required argument 'address' (usage: galago connect [options] <container> <address> [pod])",
    ],
    [['controller', '--openflow'], "option '--openflow <method>' argument missing"],
  ])('refuses %j', async (args, message) => {
    expect(await run(...args)).toEqual({ exitCode: 1, stdout: '', stderr: `error: ${message}\n` });
  });

  it.each([
    [
      '--openflow <method>',
      'tpc:127.0.0.1',
      "expected a connection method (tcp:HOST:PORT, .* did you mean 'tcp'?",
    ],
    [
      '--openflow <method>',
      'ptcp:x',
      "expected ptcp:PORT[:HOST], got 'ptcp:x': 'x' is not a port from 0 to 65535",
    ],
    ['--ovsdb <method>', 'tcp:fd00::1:6640', 'expected tcp:HOST:PORT, .* an IPv6 address needs brackets'],
    ['--encap <type>', 'vxlam', 'Allowed choices are vxlan, geneve, gre (Did you mean vxlan?)'],
    ['--local-ip <ip>', '10.0.0.1/24', "expected a host's address like 192.0.2.1 .*, got '10.0.0.1/24'"],
    ['--peer <ip>', 'fe80::1', "expected a host's address like .* 2001:db8::1, got 'fe80::1'"],
    ['--peer <ip>', '010.0.0.1', "expected a host's address like .*, got '010.0.0.1'"],
    ['--api <host:port>', '8181', "expected HOST:PORT, got '8181': there is no ':' and port"],
    ['--api-origin <origin>', '*', 'expected an origin, SCHEME://HOST[:PORT]'],
    ['--log-level <level>', 'loud', 'Allowed choices are debug, info, warn, error'],
  ])('names the option and what was expected: %s %s', async (option, value, expected) => {
    const { exitCode, stderr } = await run('controller', option.split(' ')[0]!, value);
    expect(exitCode).toBe(1);
    expect(stderr.startsWith(`error: option '${option}' argument '${value}' is invalid. `)).toBe(true);
    expect(stderr).toMatch(new RegExp(`${expected.replace(/[[\]()?]/g, '\\$&')}.*\n$`));
    expect(stderr.trimEnd()).not.toContain('\n');
  });

  it.each([
    [['--openflow', 'ptcp:6653:0.0.0.0'], 'anybody could pose as a switch; pssl: is safe'],
    [['--ovsdb', 'ptcp:6640:[::]'], 'plain OVSDB is root on the switch; ssl: and pssl: are safe'],
    [['--ovsdb', 'tcp:192.0.2.1'], 'plain OVSDB is root on the switch; ssl: and pssl: are safe'],
    [['--api', '0.0.0.0:8181'], 'anybody could read the feed; a loopback address is safe'],
  ])('refuses %j unless it is told --insecure', async (args, why) => {
    const { exitCode, stderr } = await run('controller', ...args);
    expect(exitCode).toBe(1);
    expect(stderr).toBe(
      `error: option '${args[0]}' argument '${args[1]}' goes beyond this machine without TLS: ${why}. ` +
        'To allow it, add --insecure\n',
    );
  });

  it.each([
    [['--openflow', 'pssl:6653'], "'pssl:6653'"],
    [['--ovsdb', 'ssl:192.0.2.1', '--private-key', 'a', '--ca-cert', 'b'], "'ssl:192.0.2.1'"],
    [['--certificate', 'a'], 'TLS'],
  ])('refuses TLS without all of its files: %j', async (args, what) => {
    expect(await run('controller', ...args)).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: `error: ${what} needs all of --private-key, --certificate and --ca-cert\n`,
    });
  });

  it.each([
    [[], "'ptcp:6653:127.0.0.1' (Did you mean 'pssl:6653:127.0.0.1'?)"],
    [['--openflow', 'tcp:192.0.2.1'], "'tcp:192.0.2.1' (Did you mean 'ssl:192.0.2.1'?)"],
    [['--openflow', 'unix:/s', '--ovsdb', 'punix:/t'], "'unix:/s', 'punix:/t'"],
  ])('refuses files of TLS that nothing would use: %j', async (args, what) => {
    const files = ['--private-key', 'a', '--certificate', 'b', '--ca-cert', 'c'];
    expect(await run('controller', ...args, ...files)).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: `error: --private-key, --certificate and --ca-cert are not for ${what}\n`,
    });
  });

  it.each([
    [
      ['status', '--db', 'unix:/nowhere'],
      '; does Open vSwitch run, and is the name right? (NET_CONNECT_FAILED)',
    ],
    [
      ['ovsdb', 'list-dbs', 'unix:/nowhere'],
      '; does Open vSwitch run, and is the name right? (NET_CONNECT_FAILED)',
    ],
    [['ovsdb', 'list-dbs', 'tcp:127.0.0.1:1'], 'connect ECONNREFUSED 127.0.0.1:1 (NET_CONNECT_FAILED)'],
  ])('says what to look at when it reaches nobody: %j', async (args, end) => {
    const { exitCode, stderr } = await run(...args);
    expect(exitCode).toBe(2);
    expect(stderr.endsWith(`${end}\n`)).toBe(true);
    expect(stderr.trimEnd()).not.toContain('\n');
  });

  it.each([
    ['connect web 10.0.0.999', 'HOST_ADDRESS_INVALID'],
    ['connect web DHPC', 'HOST_ADDRESS_INVALID'],
    ['connect pid:x 10.0.0.1', 'HOST_TARGET_INVALID'],
    ['connect web 10.0.0.1 --mac 1', 'HOST_MAC_INVALID'],
    ['connect web 10.0.0.1 --ifname /', 'HOST_INTERFACE_INVALID'],
    ['connect web 10.0.0.1 --gateway 10.0.1.1', 'HOST_GATEWAY_INVALID'],
    ['connect web dhcp --default-route', 'HOST_GATEWAY_INVALID'],
    ['connect web auto 4095', 'POD_INVALID'],
    ['connect web 10.0.0.1 backend --key 0', 'POD_INVALID'],
    ['connect web 10.0.0.1 7 --key 8', 'POD_INVALID'],
    ['disconnect netns:', 'HOST_TARGET_INVALID'],
    ['cluster add 192.0.2.300', 'HOST_PEER_INVALID'],
    ['pods set 4093 --subnet 10.0.0.0/24', 'POD_INVALID'],
    ['pods set 7 --subnet 10.0.0.0/33', 'POD_DHCP_INVALID'],
  ])('finds what is wrong in the words before it looks for a database: %s', async (line, code) => {
    const { exitCode, stderr } = await run(...line.split(' '), '--db', 'unix:/nowhere');
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(new RegExp(`^error: .* \\(${code}\\)\n$`));
  });

  it('knows what a misspelt word for an address stands for', async () => {
    expect((await run('connect', 'web', 'Atuo')).stderr).toContain("got 'Atuo'; did you mean auto?");
  });

  it("looks for Open vSwitch's sockets where OVS_RUNDIR says", async () => {
    process.env.OVS_RUNDIR = '/elsewhere';
    try {
      for (const args of [['status'], ['ovsdb', 'list-dbs'], ['ofp', 'dump-flows', 'br0']])
        expect((await run(...args)).stderr).toContain(' unix:/elsewhere/');
    } finally {
      delete process.env.OVS_RUNDIR;
    }
  });

  it('lets no value steer the terminal', async () => {
    const { stderr } = await run('controller', '--api', 'x\n\x1b[31merror: all is lost\x07');
    expect(stderr).toContain("argument 'x \\u{1b}[31merror: all is lost\\u{7}' is invalid");
    expect(stderr.trimEnd()).not.toContain('\n');
  });
});
