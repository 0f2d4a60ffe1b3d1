import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { runCli } from '../../../src/cli/program.ts';
import { fixture } from '../../ofp/fixtures.ts';
import { pcap, tcpFrame } from '../capture/captures.ts';

async function run(...args: string[]) {
  let stdout = '';
  let stderr = '';
  const exitCode = await runCli(['ofp', ...args], {
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
  });
  return { exitCode, stdout, stderr };
}

const FLOW = 'priority=5,tcp,tp_dst=80,actions=output:2';
const FLOW_HEX =
  '040e006000000000000000000000000000000000000000000000000000000005ffffffffffffffffffffffff' +
  '000000000001001580000a020800800014010680001c020050000000000400180000000000000010000000020000000000000000';

describe('galago ofp', () => {
  let dir: string;
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'galago-ofp-'));
  });
  afterAll(() => rmSync(dir, { recursive: true }));

  function file(name: string, text: string | Buffer): string {
    const path = join(dir, name);
    writeFileSync(path, text);
    return path;
  }

  it.each(['decode', 'encode', 'dump-flows', 'add-flows', 'del-flows', 'monitor', 'snoop'])(
    'has help with examples and exit statuses for %s',
    async (name) => {
      const { exitCode, stdout, stderr } = await run(name, '--help');
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
      expect(stdout).toMatch(new RegExp(`^Usage: galago ofp ${name}`));
      expect(stdout).toContain('\nExamples:\n  $ galago ofp');
      expect(stdout).toContain('\nExit status:\n');
    },
  );

  it('decodes messages one after the other, however their bytes are spaced', async () => {
    const { hex, print } = fixture('OFPT_HELLO: add-tlv-map');
    const once = await run('decode', hex);
    expect(once).toEqual({ exitCode: 0, stdout: `${print}\n`, stderr: '' });
    const twice = await run('decode', ...hex.replace(/../g, '$& ').trim().split(' '), hex.toUpperCase());
    expect(twice.stdout).toBe(`${print}\n${print}\n`);
  });

  it('decodes what is no whole message as ovs-ofctl does, by its bytes', async () => {
    expect((await run('decode', '04')).stdout).toMatch(/^OpenFlow packet too short \(only 1 bytes\):\n/);
    expect((await run('decode', '0402000c00000001')).stdout).toContain(
      '(***truncated to 8 bytes from 12***)',
    );
  });

  it('decodes to JSON and encodes from it', async () => {
    const { stdout } = await run('decode', '--json', FLOW_HEX);
    expect(JSON.parse(stdout)).toMatchObject({ type: 'flowMod', cookie: '0', match: { tcpDst: 80 } });
    expect(await run('encode', stdout)).toEqual({ exitCode: 0, stdout: `${FLOW_HEX}\n`, stderr: '' });
  });

  it('encodes flows and commands to change them', async () => {
    expect((await run('encode', FLOW)).stdout).toBe(`${FLOW_HEX}\n`);
    const { stdout } = await run('encode', 'delete table=3,in_port=1');
    expect((await run('decode', stdout.trim())).stdout).toBe(
      'OFPT_FLOW_MOD (OF1.3) (xid=0x0): DEL table:3 in_port=1 actions=drop\n',
    );
  });

  it.each([
    [['decode', '0402zz'], "expected hexadecimal digits, got 'z'"],
    [['decode', '040'], 'expected two hexadecimal digits a byte, one is missing'],
    [['decode', ' '], 'expected a message, got nothing'],
    [['encode', '# nothing'], 'expected a message, got nothing'],
    [['encode', '{}'], 'the message:1: expected a message with a type, like {"type": "hello"}'],
    [['encode', '{"type":"echoRequest"}'], 'the message:1: expected bytes, got undefined'],
    [['encode', '{"type":"echoRequest","data":"0x1"}'], 'the message:1: expected bytes, got string'],
    [
      ['encode', '{"type":"multipartReply","multipartType":"flow"}'],
      'the message:1: a part of the message is missing, or of another type: ',
    ],
    [['del-flows', 'br0', 'tcp,actions=drop'], "match:1:5: flows are not looked for by 'actions'"],
    [['del-flows', 'br0', 'tcp_dst=80'], 'match:1:1: tcp_dst is not in every packet; add tcp or tcp6'],
    [['encode', '{"type":"flowMood"}'], "the message:1: no message is called 'flowMood'"],
    [['encode', 'prio=5,actions=drop'], "the message:1:1: 'prio' has no place in a flow to add"],
    [['dump-flows', 'br0', 'foo=1'], "match:1:1: flows are not looked for by 'foo'"],
    [['del-flows', 'br0', 'add actions=drop'], 'expected a match, got a flow to add'],
    [
      ['dump-flows', 'ssl:192.0.2.1'],
      "'ssl:192.0.2.1' needs all of --private-key, --certificate and --ca-cert",
    ],
    [['dump-flow', 'br0'], "unknown command 'dump-flow' (Did you mean dump-flows?)"],
    [['dump-flows', 'br0', '--jsn'], "unknown option '--jsn' (Did you mean --json?)"],
    [['dump-flows'], "missing required argument 'method'"],
    [
      ['snoop', 'x.pcap', '--port', '0'],
      "option '--port <port>' argument '0' is invalid. expected a port from 1 to",
    ],
  ])('refuses %j', async (args, message) => {
    const { exitCode, stdout, stderr } = await run(...args);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr.startsWith(`error: ${message}`)).toBe(true);
    expect(stderr.trimEnd()).not.toContain('\n');
  });

  it('says where in a file a flow is wrong, before anything is sent', async () => {
    const path = file(
      'flows.txt',
      'priority=1,actions=drop\n\n# two comments\nin_port=1,tp_dst=x,actions=drop # so\n',
    );
    const { exitCode, stderr } = await run('add-flows', 'unix:/nonexistent/br0.mgmt', path);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(new RegExp(`^error: ${path}:4:18: .*\n$`));
  });

  it('says of a switch that is not there, and of a file, that they are not', async () => {
    const { exitCode, stderr } = await run('dump-flows', 'unix:/nonexistent/br0.mgmt');
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(
      /^error: cannot connect to unix:\/nonexistent\/br0\.mgmt: .*; does Open vSwitch run, .*\? \(NET_CONNECT_FAILED\)\n$/,
    );
    expect(await run('add-flows', 'br0', join(dir, 'missing'))).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/^error: cannot read .*missing: .*ENOENT/),
    });
  });

  it('refuses to snoop in what is no capture', async () => {
    const path = file('notes.pcap', 'these are no packets, but they are long enough\n');
    expect(await run('snoop', path)).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: `error: ${path}: expected a pcap or pcapng file, which begins otherwise\n`,
    });
    expect((await run('snoop', join(dir, 'missing.pcap'))).stderr).toMatch(
      /^error: cannot read .*missing\.pcap/,
    );
  });

  it('says of a capture without OpenFlow that there is none', async () => {
    const path = file('web.pcap', pcap([{ timeMs: 1000, bytes: tcpFrame({}, Buffer.from('GET /')) }]));
    expect(await run('snoop', path, '--port', '80')).toEqual({
      exitCode: 0,
      stdout: '',
      stderr: `${path}: no OpenFlow on TCP port 80; --port says where else\n`,
    });
    const empty = file('empty.pcap', pcap([]));
    expect((await run('snoop', empty)).stderr).toBe(
      `${empty}: no OpenFlow on TCP ports 6653 and 6633; --port says where else\n`,
    );
  });

  it('reads on behind captured messages that cannot be decoded', async () => {
    const bytes = Buffer.from('0102000800000001' + '0402000800000002', 'hex');
    const path = file('versions.pcap', pcap([{ timeMs: 1000, bytes: tcpFrame({}, bytes) }]));
    const { exitCode, stdout } = await run('snoop', path, '--json');
    const sides = { time: '1970-01-01T00:00:01.000Z', from: '127.0.0.1.40000', to: '127.0.0.2.6653' };
    expect({
      exitCode,
      lines: stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    }).toEqual({
      exitCode: 0,
      lines: [
        { ...sides, error: 'expected version 4 (OpenFlow 1.3), got 1', raw: '0102000800000001' },
        { ...sides, message: { type: 'echoRequest', xid: 2, data: '' } },
      ],
    });
  });
});
