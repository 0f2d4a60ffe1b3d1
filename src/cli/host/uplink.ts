import { dirname } from 'node:path';
import type { Command } from 'commander';
import { describeAddressing } from '../../host/addresses/addressing.ts';
import { HostDatabase } from '../../host/database.ts';
import type { CleanupPlan } from '../../host/setup/cleanup.ts';
import { carryOutInit, type InitPlan } from '../../host/setup/init.ts';
import { SettingKey } from '../../host/setup/settings.ts';
import { type MovedUplink, moveToBridge, UPLINK_BRIDGE } from '../../host/setup/uplink.ts';
import {
  confirmUplink,
  type Guard,
  guardUplink,
  isOverdue,
  isPending,
  putBackOverdue,
  recordPath,
  startGuard,
  takeOver,
} from '../../host/setup/uplink-guard.ts';
import { keepFromKernel } from '../../host/system/device-traffic.ts';
import { parseMethod } from '../../net/index.ts';
import { UsageError } from '../../util/errors.ts';
import type { Log } from '../../util/log.ts';
import { ownCommand } from '../own-command.ts';
import { type HostOptions, isLocal } from './host-options.ts';

/** What of the options is about moving the host's address. */
export interface UplinkOptions extends HostOptions {
  readonly yes?: true;
  readonly confirmWithin: number;
}

/** Adds the command that watches over a move, which people do not call. */
export function addUplinkGuardCommand(program: Command): void {
  program
    .command('uplink-guard', { hidden: true })
    .description('Puts an uplink back unless galago init --confirm was run; galago init starts it.')
    .argument('<record>')
    .addHelpText('after', '\nExamples:\n  $ galago uplink-guard /var/run/openvswitch/galago-uplink.json')
    .action(async (path: string) => {
      await guardUplink(path, openAgain);
    });
}

/** Carries a plan out, with the uplink watched over from before it is moved. @returns the tunnel's port number */
export async function initWithUplink(
  db: HostDatabase,
  plan: InitPlan,
  options: UplinkOptions,
): Promise<number> {
  const { uplink } = plan;
  if (uplink?.addressing === undefined) {
    if (uplink?.isHeardTwice) await keepFromKernel(uplink.device);
    return carryOutInit(db, plan);
  }
  const { device, addressing, isConfirmed } = uplink;
  const seconds = isConfirmed ? 0 : options.confirmWithin;
  if (!isConfirmed && !options.yes) {
    const what = `${describeAddressing(addressing)} from ${device} to ${UPLINK_BRIDGE}`;
    const back = `back after ${seconds} s unless 'galago init --confirm' is run from a new connection`;
    throw new UsageError(
      'HOST_CONSENT_REQUIRED',
      `--uplink moves ${what}, and ${back}: add --yes to do that`,
    );
  }
  const madeBridge = plan.existing === undefined ? plan.bridge : undefined;
  const guard = await guardOver({ device, addressing, madeBridge }, options, seconds);
  return undoing(guard, async () => {
    await moveToBridge(db, uplink);
    const ofport = await carryOutInit(db, plan);
    guard.moved();
    return ofport;
  });
}

/** Has the uplink stay where it was moved. @returns the device @throws as confirmUplink */
export async function confirmMove(
  db: HostDatabase,
  options: HostOptions,
  isDryRun: boolean,
): Promise<string> {
  const { device } = confirmUplink(recordOf(options), process.env.SSH_CONNECTION, isDryRun);
  if (isDryRun) return device;
  await db.write(`uplink ${device} confirmed`, (tx) =>
    db.writeSettings(tx, new Map([[SettingKey.UPLINK, device]])),
  );
  return device;
}

/** True while the move of the uplink can be confirmed, as far as can be told from here. */
export function isUplinkPending(options: HostOptions): boolean {
  return !isLocal(options) || isPending(recordOf(options));
}

/** True when the process that should have put the uplink back has not. */
export function isUplinkOverdue(options: HostOptions): boolean {
  return isLocal(options) && isOverdue(recordOf(options));
}

/** Puts the uplink back where the process that should have has not. @returns the device, if it was so */
export async function putBackUplink(options: HostOptions): Promise<string | undefined> {
  return isLocal(options) ? putBackOverdue(recordOf(options), openAgain) : undefined;
}

/** Puts the uplink back as soon as the process that should have has not, until it is disposed of. */
export function keepUplinkSafe(options: HostOptions, log: Log): Disposable {
  const look = () =>
    void putBackUplink(options).then(
      (device) => device && log.warn({ device }, 'nobody has confirmed the uplink: put back'),
      (error) => log.error({ err: error }, 'the uplink could not be put back'),
    );
  look();
  const timer = setInterval(look, LOOK_EVERY_MS);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

const LOOK_EVERY_MS = 5000;

/** Gives the uplink back what it had. */
export async function giveBackUplink({ uplink }: CleanupPlan, options: HostOptions): Promise<void> {
  if (uplink === undefined) return;
  const { device } = uplink;
  // Nobody else puts it back at the same time.
  const addressing = takeOver(recordOf(options))?.addressing ?? uplink.addressing;
  const guard = await guardOver({ device, addressing, madeBridge: undefined }, options, 0);
  await guard.putBack();
}

/** @throws UsageError `HOST_CONSENT_REQUIRED` */
export function requireConsent({ uplink }: CleanupPlan, isGiven: boolean): void {
  if (uplink === undefined || isGiven) return;
  const what = `${describeAddressing(uplink.addressing)} from ${UPLINK_BRIDGE} back to ${uplink.device}`;
  throw new UsageError('HOST_CONSENT_REQUIRED', `cleanup moves ${what}: add --yes to do that`);
}

function guardOver(moved: MovedUplink, options: HostOptions, seconds: number): Promise<Guard> {
  const move = {
    ...{ ...moved, db: options.db, confirmWithinMs: seconds * 1000 },
    connection: process.env.SSH_CONNECTION,
  };
  return startGuard(recordOf(options), move, [...ownCommand(), 'uplink-guard'], openAgain);
}

async function undoing<T>(guard: Guard, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    await guard.putBack();
    throw error;
  }
}

function openAgain(db: string): Promise<HostDatabase> {
  return HostDatabase.open(db);
}

function recordOf({ db }: HostOptions): string {
  const method = parseMethod(db, { defaultPort: 6640 });
  if (method.type === 'unix') return recordPath(dirname(method.path));
  throw new UsageError('HOST_DATABASE_REMOTE', `expected this host's own database, unix:PATH, got '${db}'`);
}
