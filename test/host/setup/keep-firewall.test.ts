import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { HostDatabase } from '../../../src/host/database.ts';
import { HostError } from '../../../src/host/host-error.ts';
import { FirewallKeeper } from '../../../src/host/setup/keep-firewall.ts';
import { clearSettings, SettingKey, whileSettingUp } from '../../../src/host/setup/settings.ts';
import { OvsdbTestServer } from '../../../src/ovsdb/index.ts';
import { openVswitch } from '../../../src/ovsdb/schemas/open-vswitch.ts';
import { eventually } from '../../lab/eventually.ts';

/** A firewall, a log and a clock for a keeper. */
class Machine {
  /** The timers that are set. */
  timers: { readonly callback: () => void; readonly delayMs: number }[] = [];
  /** What the firewall was opened for, a line each time. */
  readonly opened: string[] = [];
  readonly said: string[] = [];
  /** What is done when it is opened. */
  open = async (): Promise<readonly string[]> => [];
  /** Tells of a change. */
  change = () => {};
  clockMs = 0;

  keep(db: HostDatabase): FirewallKeeper {
    const say = (level: string) => (fields: object, message: string) =>
      this.said.push(`${level} ${message} ${JSON.stringify(fields)}`);
    return new FirewallKeeper(db, {
      log: { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') },
      firewall: {
        follow: ({ onChange }) => {
          this.change = onChange;
          return () => {};
        },
        open: (tunnels) => {
          const { encapsulation, localIp, peers = [] } = tunnels ?? {};
          this.opened.push([encapsulation?.type ?? 'ports', localIp ?? '', ...peers].join(' ').trim());
          return this.open();
        },
      },
      setTimer: (callback, delayMs) => {
        const timer = { callback, delayMs };
        this.timers.push(timer);
        return () => {
          this.timers = this.timers.filter((one) => one !== timer);
        };
      },
      now: () => this.clockMs,
    });
  }

  get delays(): readonly number[] {
    return this.timers.map(({ delayMs }) => delayMs).sort((a, b) => a - b);
  }

  /** Has the time pass for the timer of that delay. */
  fire(delayMs: number): void {
    const timer = this.timers.find((one) => one.delayMs === delayMs);
    expect(timer).toBeDefined();
    this.timers = this.timers.filter((one) => one !== timer);
    timer!.callback();
  }

  untilOpened = (times: number) =>
    eventually(() => this.opened.length === times, { what: `the firewall to be opened ${times} times` });
  untilSaid = (lines: number) =>
    eventually(() => this.said.length === lines, { what: `${lines} lines in the log` });
  untilWaits = (...delays: readonly number[]) =>
    eventually(() => this.delays.join() === delays.join(), { what: `timers of ${delays} ms` });
}

let server: AsyncDisposable;
/** That of the keeper, and that of a command. */
let db: HostDatabase;
let other: HostDatabase;
let machine: Machine;
let keeper: FirewallKeeper;

beforeEach(async () => {
  const testServer = new OvsdbTestServer(openVswitch);
  server = testServer;
  testServer.transact([{ op: 'insert', table: 'Open_vSwitch', row: {} }]);
  const method = await testServer.listen('ptcp:0:127.0.0.1');
  [db, other] = await Promise.all([HostDatabase.open(method), HostDatabase.open(method)]);
  await set({ [SettingKey.ENCAPSULATION]: 'vxlan', [SettingKey.LOCAL_IP]: '192.0.2.1' });
  await eventually(() => db.root.external_ids.size === 2, { what: 'the settings' });
  machine = new Machine();
});

afterEach(async () => {
  await keeper[Symbol.asyncDispose]();
  await Promise.all([db.close(), other.close()]);
  await server[Symbol.asyncDispose]();
});

const set = (settings: Readonly<Record<string, string>>) =>
  other.write('test', (tx) => other.writeSettings(tx, new Map(Object.entries(settings))));
const clear = () => other.write('test', (tx) => clearSettings(other, tx));

const RULE = 'nftables inet filter input: let vxlan in';
const TABLE = 'nftables inet galago: drop forged packets of vxlan';
const DONE = `info put right again ${JSON.stringify({ firewall: `${TABLE}; ${RULE}` })}`;

it('looks to begin with, and a while after changes, and says once what it has done', async () => {
  keeper = machine.keep(db);
  await machine.untilOpened(1);
  for (let i = 0; i < 5; i++) machine.change();
  expect(machine.delays).toEqual([500]);
  machine.open = async () => [TABLE, RULE];
  machine.fire(500);
  await machine.untilSaid(1);
  expect(machine.said).toEqual([DONE]);
  // What it has done itself is told as well.
  machine.open = async () => [];
  machine.change();
  machine.fire(1000);
  await machine.untilOpened(3);
  expect(machine.opened).toEqual(Array(3).fill('vxlan 192.0.2.1'));
  await keeper[Symbol.asyncDispose]();
  expect(machine.said).toEqual([DONE]);
  expect(machine.delays).toEqual([]);
});

it('follows the settings, and does nothing when there are none', async () => {
  keeper = machine.keep(db);
  await machine.untilOpened(1);
  await set({ 'galago-flows-cfg': '7' });
  await set({ [SettingKey.PEERS]: '192.0.2.2' });
  await machine.untilWaits(500);
  machine.fire(500);
  await machine.untilOpened(2);
  expect(machine.opened[1]).toBe('vxlan 192.0.2.1 192.0.2.2');
  await clear();
  await machine.untilWaits(500);
  machine.fire(500);
  machine.change();
  await set({ [SettingKey.ENCAPSULATION]: 'gre', [SettingKey.LOCAL_IP]: '192.0.2.1; flush ruleset' });
  await set({ [SettingKey.LOCAL_IP]: '2001:db8::1' });
  await machine.untilWaits(500);
  machine.fire(500);
  await machine.untilOpened(3);
  expect(machine.opened[2]).toBe('gre 2001:db8::1');
});

it('waits until a command is done that changes the settings, and does what they say then', async () => {
  keeper = machine.keep(db);
  await machine.untilOpened(1);
  await whileSettingUp(other, async () => {
    machine.change();
    machine.fire(500);
    // It has asked for the lock by then.
    await db.write('test', () => {});
    await clear();
  });
  await whileSettingUp(other, async () => {});
  await keeper[Symbol.asyncDispose]();
  expect(machine.opened).toHaveLength(1);
});

it('ends while it waits for a command', async () => {
  await whileSettingUp(other, async () => {
    keeper = machine.keep(db);
    await keeper[Symbol.asyncDispose]();
  });
  expect(machine.opened).toEqual([]);
  expect(machine.said).toEqual([]);
});

it('says once why it could not, and tries again, less and less often', async () => {
  machine.open = async () => {
    throw new HostError('HOST_COMMAND_FAILED', 'nft insert rule: no such rule');
  };
  keeper = machine.keep(db);
  for (const delayMs of [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]) {
    await machine.untilWaits(delayMs, 60_000);
    machine.fire(delayMs);
  }
  await machine.untilWaits(30_000, 60_000);
  expect(machine.said).toEqual([
    'error firewall not put right: nft insert rule: no such rule {"code":"HOST_COMMAND_FAILED"}',
  ]);
  machine.open = async () => [TABLE, RULE];
  machine.fire(30_000);
  await machine.untilSaid(2);
  expect(machine.said[1]).toBe(DONE);
  // All has been well for a minute.
  machine.fire(60_000);
  machine.change();
  expect(machine.delays).toEqual([500]);
});

it('leaves longer pauses where looking takes long, and where somebody undoes what it does', async () => {
  machine.open = async () => {
    machine.clockMs += 400;
    return [];
  };
  keeper = machine.keep(db);
  await machine.untilOpened(1);
  await whileSettingUp(other, async () => machine.change());
  expect(machine.delays).toEqual([4000]);
  machine.open = async () => [RULE];
  machine.fire(4000);
  for (const [times, delayMs] of [1000, 2000, 4000].entries()) {
    await machine.untilSaid(times + 1);
    machine.change();
    machine.fire(delayMs);
  }
  await machine.untilSaid(4);
});
