import { fileURLToPath } from 'node:url';
import type { Host } from '../lab/index.ts';
import { CommandError } from '../lab/run.ts';
import type { RunningProcess } from '../lab/running-process.ts';

/** What the command printed, and how it ended. */
export interface CliResult {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The command as built: translating the sources takes longer than the command does. */
export const MAIN = fileURLToPath(new URL('../../dist/cli/main.cjs', import.meta.url));

/** Runs `galago` on a host to its end, whatever that is. */
export async function galago(host: Host, ...args: readonly string[]): Promise<CliResult> {
  const env = { OVS_RUNDIR: host.ovs.dir };
  try {
    const stdout = await host.exec(process.execPath, [MAIN, ...args], { env, timeoutMs: 60_000 });
    return { exitCode: 0, stdout, stderr: '' };
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    const { exitCode, stdout, stderr } = error;
    return { exitCode, stdout, stderr };
  }
}

/** Runs `galago` on a host, and returns what it printed as JSON. */
export async function galagoJson<T>(host: Host, ...args: readonly string[]): Promise<T> {
  const { exitCode, stdout, stderr } = await galago(host, ...args, '--json');
  if (exitCode !== 0) throw new Error(`galago ${args.join(' ')} ended with ${exitCode}: ${stderr}`);
  return JSON.parse(stdout) as T;
}

/** What commands may change on a host: bridges, ports and labels in its database, links and their addresses. */
export async function hostState(host: Host): Promise<unknown> {
  const list = (table: string, columns: string) =>
    host.ovs.vsctl(`--columns=${columns}`, '--format=csv', 'list', table);
  const rows = await Promise.all([
    list('Open_vSwitch', 'external_ids,bridges'),
    list('Bridge', 'name,external_ids,ports,fail_mode'),
    list('Interface', 'name,external_ids,options'),
  ]);
  const links = JSON.parse(await host.exec('ip', ['-json', 'address'])) as readonly { ifname: string }[];
  return {
    // The agent counts on, whatever it is that has changed.
    rows: rows.map((text) =>
      text
        .replaceAll(/galago-flows-cfg=""\d+"",? ?/g, '')
        .split('\n')
        .sort(),
    ),
    links: links.map(({ ifname }) => ifname).sort(),
  };
}

/** Starts `galago agent` on a host, and waits until it looks after its bridge. */
export async function startAgent(host: Host, ...args: readonly string[]): Promise<RunningProcess> {
  const agent = await host.start(process.execPath, [MAIN, 'agent', '--no-api', ...args], {
    env: { OVS_RUNDIR: host.ovs.dir },
  });
  await agent.waitForOutput(/looking after this host/, 60_000);
  return agent;
}
