import { describe, expect, it } from '@jest/globals';
import { formatAgentUnit } from '../../../src/host/setup/agent-unit.ts';

/** The value of a setting of the unit. */
const setting = (text: string, key: string) => new RegExp(`^${key}=(.*)$`, 'm').exec(text)?.[1];

describe("the agent's unit", () => {
  it('puts the host right before it runs the agent, and starts it again whatever happens', () => {
    const text = formatAgentUnit({
      agent: ['/usr/bin/node', '/opt/galago/main.js', 'agent'],
      before: ['/usr/bin/node', '/opt/galago/main.js', 'init', '--local-ip', '2001:db8::1'],
    });
    expect(setting(text, 'ExecStartPre')).toBe(
      '/usr/bin/node /opt/galago/main.js init --local-ip 2001:db8::1',
    );
    expect(setting(text, 'ExecStart')).toBe('/usr/bin/node /opt/galago/main.js agent');
    expect(setting(text, 'Restart')).toBe('always');
    expect(setting(text, 'After')).toContain('openvswitch-switch.service');
  });

  it('runs nothing but the agent where nothing has to be put right', () => {
    const agent = ['/usr/bin/node', '/opt/galago/main.js', 'agent'];
    const text = formatAgentUnit({ agent, before: undefined });
    expect(setting(text, 'ExecStartPre')).toBeUndefined();
    expect(text).toContain('\nType=simple\nExecStart=/usr/bin/node /opt/galago/main.js agent\n');
  });

  it('has systemd read paths as they are', () => {
    const agent = ['/opt/my node', '/a"b\\c', '100%', '$HOME', "it's"];
    expect(setting(formatAgentUnit({ agent, before: ['true'] }), 'ExecStart')).toBe(
      '"/opt/my node" "/a\\"b\\\\c" "100%%" "$$HOME" "it\'s"',
    );
  });
});
