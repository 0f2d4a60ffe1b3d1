import { existsSync } from 'node:fs';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { HostError } from '../host-error.ts';
import { runCommand, tryCommand } from '../system/command.ts';

/** The name of the unit that keeps the agent running. */
export const AGENT_UNIT = 'galago-agent.service';

/** What has to be done for the agent to run as a unit of systemd. */
export interface AgentUnitPlan {
  readonly text: string;
  readonly isWritten: boolean;
  readonly isEnabled: boolean;
  readonly isActive: boolean;
  /** A line each; empty when nothing has to be done. */
  readonly changes: readonly string[];
}

/** What the unit runs. */
export interface AgentUnitCommands {
  /** The words of the agent's command. */
  readonly agent: readonly string[];
  /** Those of the command that puts right beforehand what a reboot has undone, firewall and uplink; undefined for none. */
  readonly before: readonly string[] | undefined;
}

/** True where systemd looks after this machine (sd_booted(3)). */
export function hasSystemd(): boolean {
  return existsSync('/run/systemd/system');
}

/** Looks at what is there, and changes nothing. @returns undefined when somebody else has made a unit of that name */
export async function planAgentUnit(commands: AgentUnitCommands): Promise<AgentUnitPlan | undefined> {
  const text = formatAgentUnit(commands);
  const [written, enabled, active] = await Promise.all([
    readUnit(),
    tryCommand('systemctl', ['is-enabled', AGENT_UNIT]),
    tryCommand('systemctl', ['is-active', AGENT_UNIT]),
  ]);
  if (written !== undefined && !written.startsWith(MARK)) return undefined;
  const isWritten = written === text;
  const isEnabled = enabled?.trim() === 'enabled';
  const isActive = active !== undefined;
  return {
    ...{ text, isWritten, isEnabled, isActive },
    changes: [
      ...(isWritten ? [] : [`systemd: write ${UNIT_PATH}`]),
      ...(isEnabled ? [] : [`systemd: enable ${AGENT_UNIT}`]),
      ...(isWritten && isActive ? [] : [`systemd: ${isActive ? 'restart' : 'start'} ${AGENT_UNIT}`]),
    ],
  };
}

/** Does what was planned, and looks whether the agent runs then. @throws HostError `HOST_AGENT_FAILED`, as runCommand */
export async function startAgentUnit(plan: AgentUnitPlan): Promise<void> {
  if (!plan.isWritten) {
    await writeUnit(plan.text);
    await runCommand('systemctl', ['daemon-reload']);
  }
  if (!plan.isEnabled) await runCommand('systemctl', ['enable', '--quiet', AGENT_UNIT]);
  if (plan.isWritten && plan.isActive) return;
  try {
    await runCommand('systemctl', ['restart', AGENT_UNIT], { timeoutMs: START_TIMEOUT_MS });
    await runCommand('systemctl', ['is-active', AGENT_UNIT]);
  } catch (cause) {
    const message = `${AGENT_UNIT} does not run, all else is done: journalctl --unit ${AGENT_UNIT}`;
    throw new HostError('HOST_AGENT_FAILED', message, { cause });
  }
}

/** True when there is a unit that {@link startAgentUnit} has made. */
export async function hasAgentUnit(): Promise<boolean> {
  return (await readUnit())?.startsWith(MARK) ?? false;
}

/** Ends the agent; its unit stays. @throws HostError as runCommand */
export async function stopAgentUnit(): Promise<void> {
  await runCommand('systemctl', ['stop', AGENT_UNIT], { timeoutMs: START_TIMEOUT_MS });
}

/** Ends the agent and deletes its unit. @throws HostError as runCommand */
export async function removeAgentUnit(): Promise<void> {
  await runCommand('systemctl', ['disable', '--quiet', '--now', AGENT_UNIT], { timeoutMs: START_TIMEOUT_MS });
  await rm(UNIT_PATH, { force: true });
  await runCommand('systemctl', ['daemon-reload']);
}

/** The unit's file (systemd.unit(5), systemd.service(5), systemd.exec(5)). */
export function formatAgentUnit({ agent, before }: AgentUnitCommands): string {
  return `${MARK}
[Unit]
Description=Galago, the controller of this host's pods and virtual switches
Wants=openvswitch-switch.service network-online.target
After=openvswitch-switch.service network-online.target docker.service
# They set the firewall up, into which the tunnels' rule goes.
After=nftables.service netfilter-persistent.service firewalld.service
StartLimitIntervalSec=0

[Service]
Type=simple
${before === undefined ? '' : `ExecStartPre=${formatCommand(before)}\n`}ExecStart=${formatCommand(agent)}
Restart=always
RestartSec=1
TimeoutStartSec=${START_TIMEOUT_MS / 1000}
# It enters namespaces of containers, and sets up links in them.
CapabilityBoundingSet=CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH CAP_NET_ADMIN CAP_NET_RAW CAP_SYS_ADMIN CAP_SYS_PTRACE
RestrictNamespaces=net
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
NoNewPrivileges=yes
ProtectSystem=full
ProtectHome=read-only
ProtectClock=yes
ProtectHostname=yes
LockPersonality=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native

[Install]
WantedBy=multi-user.target
`;
}

/** Each word as systemd reads it, with what it would replace made plain (systemd.service(5), "Command lines"). */
function formatCommand(words: readonly string[]): string {
  return words
    .map((word) => word.replaceAll(/["\\]/g, '\\$&').replaceAll('%', '%%').replaceAll('$', '$$$$'))
    .map((word) => (/^[\w/.:@+,=-]+$/.test(word) ? word : `"${word}"`))
    .join(' ');
}

/** Whoever reads it meanwhile sees the whole of one or of the other. @throws HostError `HOST_AGENT_FAILED` */
async function writeUnit(text: string): Promise<void> {
  try {
    await writeFile(`${UNIT_PATH}.new`, text);
    await rename(`${UNIT_PATH}.new`, UNIT_PATH);
  } catch (cause) {
    const message = `${AGENT_UNIT} cannot be written, all else is done: ${(cause as Error).message}`;
    throw new HostError('HOST_AGENT_FAILED', message, { cause });
  }
}

async function readUnit(): Promise<string | undefined> {
  try {
    return await readFile(UNIT_PATH, 'utf8');
  } catch {
    return undefined;
  }
}

const MARK = '# Made by Galago; galago cleanup removes it.';
const UNIT_PATH = `/etc/systemd/system/${AGENT_UNIT}`;
const START_TIMEOUT_MS = 120_000;
