import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually, Lab, run, startProcess } from '../lab/index.ts';
import { LabError } from '../lab/run.ts';
import { recordErrorNames } from './recording/error-names.ts';
import { ACTIONS, GROUPS, MATCHES, METERS, PACKETS, REFUSED } from './recording/flows.ts';
import { RAW_MESSAGES, SUBSCRIPTIONS } from './recording/raw-messages.ts';
import { RawClient, Recorder } from './recording/recorder.ts';

// Records what ovs-ofctl and ovs-vswitchd say to each other into `fixtures/`, from a private Open vSwitch.
// Run as root: npx tsx test/ofp/record-fixtures.ts

const FIXTURES = fileURLToPath(new URL('./fixtures', import.meta.url));
/** Room for a flow-stats reply with every flow of {@link ACTIONS} in it. */
const WHOLE_DUMP = 0x4000;

type Switch = Awaited<ReturnType<Lab['addSwitch']>>;

/** One switch, its recorder, and ovs-ofctl on the recorded socket. */
class Session {
  readonly host: Switch;
  readonly recorder: Recorder;

  constructor(host: Switch, recorder: Recorder) {
    this.host = host;
    this.recorder = recorder;
  }

  /** Runs ovs-ofctl with the switch as its first argument. */
  async ofctl(command: string, ...args: readonly string[]): Promise<void> {
    this.recorder.begin(command);
    await this.#run([command], args);
  }

  /** Runs ovs-ofctl for a command that the switch answers with an error. */
  async refused(command: string, ...args: readonly string[]): Promise<void> {
    this.recorder.begin(`refused ${command}`);
    await this.#run([command], args).then(
      () => Promise.reject(new LabError('LAB_NOT_REFUSED', `${command} ${args.join(' ')} was not refused`)),
      () => {},
    );
  }

  /** Runs ovs-ofctl with options, and with replies of any length. */
  async bulk(options: readonly string[], command: string, ...args: readonly string[]): Promise<void> {
    this.recorder.begin([command, ...options].join(' '), WHOLE_DUMP);
    await this.#run([...options, command], args);
  }

  /** Runs ovs-ofctl once packets have been counted. */
  async counters(command: string, ...args: readonly string[]): Promise<void> {
    this.recorder.begin(`${command} after packets`, WHOLE_DUMP);
    await this.#run([command], args);
  }

  /** Runs `act` while `ovs-ofctl monitor` is connected, until the monitor has printed `pattern`. */
  async monitor(args: readonly string[], pattern: RegExp, act: () => Promise<unknown>): Promise<void> {
    this.recorder.begin(['monitor', ...args].join(' '));
    const argv = ['-O', 'OpenFlow13', 'monitor', `unix:${this.recorder.path}`, ...args];
    const control = join(this.host.ovs.dir, 'monitor.ctl');
    const monitor = await startProcess('ovs-ofctl', [...argv, `--unixctl=${control}`]);
    try {
      await eventually(() => run('ovs-appctl', ['-t', control, 'ofctl/barrier']), { what: 'the monitor' });
      await act();
      await monitor.waitForOutput(pattern);
    } finally {
      await monitor.stop();
    }
  }

  async #run(command: readonly string[], args: readonly string[]): Promise<void> {
    await run('ovs-ofctl', ['-O', 'OpenFlow13', ...command, `unix:${this.recorder.path}`, ...args]);
  }
}

/** Where fixtures need something to be there: ports, queues, mappings of tunnel options, meters and groups. */
async function furnish(session: Session): Promise<void> {
  const { host } = session;
  const container = await host.addContainer({ name: 'veth1' });
  await host.addContainer({ name: 'veth2' });
  await host.addTunnelPort();
  const queues = [
    'queues:1=@a',
    'queues:2=@b',
    '--',
    '--id=@a',
    'create',
    'Queue',
    'other_config:min-rate=1000000',
  ];
  const qos = ['--id=@q', 'create', 'QoS', 'type=linux-htb', 'other_config:max-rate=1000000000', ...queues];
  const second = ['--', '--id=@b', 'create', 'Queue', 'other_config:max-rate=9000000'];
  await host.ovs.vsctl('set', 'Port', container.port, 'qos=@q', '--', ...qos, ...second);
  const target = 'targets="127.0.0.1:9"';
  const ipfix = ['--', '--id=@i', 'create', 'IPFIX', target];
  await host.ovs.vsctl('set', 'Bridge', host.bridge, 'ipfix=@i', ...ipfix);
  const set = ['--', '--id=@b', 'get', 'Bridge', host.bridge, '--', '--id=@f', 'create', 'IPFIX', target];
  await host.ovs.vsctl(
    ...set.slice(1),
    '--',
    'create',
    'Flow_Sample_Collector_Set',
    'id=1',
    'bridge=@b',
    'ipfix=@f',
  );
  const options = [0, 1, 2, 3].map(
    (n) => `{class=0xffff,type=${n},len=${[4, 4, 20, 124][n]}}->tun_metadata${n}`,
  );
  await session.ofctl('add-tlv-map', options.join(','));
  await session.ofctl('dump-tlv-map');
  for (const meter of METERS) await session.ofctl('add-meter', meter);
  for (const group of GROUPS) await session.ofctl('add-group', group);
}

async function changeFlows(session: Session): Promise<void> {
  for (const flow of MATCHES) await session.ofctl('add-flow', `table=10,${flow}`);
  for (const [index, flow] of ACTIONS.entries())
    await session.ofctl('add-flow', `table=11,priority=${index},${flow}`);
  for (const flow of REFUSED) await session.refused('add-flow', `table=10,${flow}`);
  await session.ofctl('mod-flows', 'table=10,tcp,actions=output:1');
  await session.bulk(['--strict'], 'mod-flows', 'table=10,priority=65535,in_port=1,actions=output:2');
  await session.bulk(['--bundle'], 'add-flow', 'table=12,in_port=1,actions=output:2');
  await session.bulk(['--bundle', '--strict'], 'del-flows', 'table=12,in_port=1');
  await session.ofctl('del-flows', 'cookie=0x5/-1,out_port=2,out_group=1');
}

async function readFlows(session: Session): Promise<void> {
  await session.ofctl('dump-flows', 'table=10,cookie=0x1/0xff,out_port=1,tcp');
  await session.ofctl('dump-aggregate');
  await session.ofctl('dump-aggregate', 'table=10,ip');
  await session.bulk([], 'dump-flows', 'table=10');
  await session.bulk([], 'dump-flows', 'table=11');
  for (const match of [
    'tcp',
    'ipv6',
    'arp',
    'dl_vlan=5',
    'mpls',
    'dl_type=0x894f',
    'metadata=0x1/0xffffffff',
  ]) {
    await session.ofctl('dump-flows', match);
  }
}

async function askAll(session: Session): Promise<void> {
  for (const command of ['show', 'dump-desc', 'get-frags', 'dump-ports', 'dump-ports-desc', 'queue-stats']) {
    await session.ofctl(command);
  }
  for (const command of [
    'dump-groups',
    'dump-group-stats',
    'dump-group-features',
    'dump-meters',
    'meter-stats',
  ]) {
    await session.ofctl(command);
  }
  for (const command of ['meter-features', 'dump-ipfix-bridge', 'dump-ipfix-flow', 'probe'])
    await session.ofctl(command);
  await session.bulk([], 'dump-tables');
  await session.ofctl('dump-ports', '1');
  await session.ofctl('dump-groups', '2');
  await session.ofctl('dump-group-stats', 'group_id=2');
  await session.ofctl('dump-meters', 'meter=1');
  await session.ofctl('meter-stats', 'meter=2');
  await session.ofctl('queue-stats', '1', '2');
  await session.ofctl('queue-get-config', '1');
  await session.ofctl('queue-get-config', 'ANY');
}

async function changeRest(session: Session): Promise<void> {
  for (const change of [
    'down',
    'up',
    'no-flood',
    'flood',
    'no-receive',
    'receive',
    'no-forward',
    'forward',
  ]) {
    await session.ofctl('mod-port', '2', change);
  }
  for (const mode of ['drop', 'nx-match', 'normal']) await session.ofctl('set-frags', mode);
  await session.ofctl('mod-group', GROUPS[2]!.replace('output:1', 'output:2'));
  await session.bulk(['--may-create'], 'mod-group', 'group_id=9,type=all,bucket=output:1');
  await session.ofctl('mod-meter', METERS[0]!.replace('1000', '2000'));
  await session.ofctl('ct-flush-zone', '7');
  await session.ofctl('ct-flush', 'zone=5', 'ct_nw_src=10.0.0.1,ct_nw_proto=17,ct_tp_src=1');
  await session.ofctl(
    'ct-flush',
    'ct_ipv6_src=2001:db8::1,ct_nw_proto=58',
    'ct_ipv6_src=2001:db8::2,ct_nw_proto=58',
  );
  for (const port of ['CONTROLLER', 'LOCAL', '1']) {
    await session.ofctl(
      'packet-out',
      `in_port=${port},packet=${PACKETS[1]},actions=output:2,set_field:5->tun_id,NORMAL`,
    );
  }
}

/** Packets into the tables, so that the monitor gets each kind of packet-in. */
async function packetIns(session: Session, format: string): Promise<void> {
  const { ovs, bridge } = session.host;
  const throughTables = (packet: string) =>
    ovs.ofctl('packet-out', bridge, `in_port=1,packet=${packet},actions=resubmit(,0)`);
  const flows = [
    'table=0,cookie=0x1234,arp,actions=CONTROLLER',
    'table=0,udp,actions=set_field:5->metadata,set_field:7->tun_id,set_field:192.0.2.1->tun_src,' +
      'set_field:0x11->tun_metadata0,set_field:3->reg0,set_field:9->pkt_mark,' +
      'controller(userdata=01.02.03,pause),controller(max_len=20,reason=no_match),dec_ttl',
    'table=0,tcp6,actions=write_actions(group:7)',
    'table=0,priority=0,actions=controller(reason=no_match)',
  ];
  await ovs.ofctl('--may-create', 'mod-group', bridge, 'group_id=7,type=all,bucket=CONTROLLER');
  await ovs.addFlows(bridge, flows);
  await session.monitor(['65535', '-P', format], /icmp6|tcp6/, async () => {
    for (const packet of PACKETS) await throughTables(packet);
    await ovs.ofctl('packet-out', bridge, `in_port=LOCAL,packet=${PACKETS[0]},actions=CONTROLLER,LOCAL`);
    await throughTables(PACKETS[2]!);
  });
}

async function notifications(session: Session): Promise<void> {
  const { ovs, bridge } = session.host;
  await session.monitor(['65535'], /(?=[\s\S]*reason=idle)(?=[\s\S]*reason=hard)/, async () => {
    await ovs.vsctl('add-port', bridge, 'in0', '--', 'set', 'Interface', 'in0', 'type=internal');
    await ovs.ofctl('mod-port', bridge, 'in0', 'up');
    await ovs.vsctl('del-port', 'in0');
    const flow = 'table=20,cookie=0x99,send_flow_rem,priority=7';
    await ovs.addFlows(bridge, [
      `${flow},tcp,tp_dst=80,actions=output:1`,
      `${flow},udp,actions=meter:2,group:9`,
    ]);
    await ovs.addFlows(bridge, [`${flow},in_port=1,hard_timeout=1,idle_timeout=30,actions=drop`]);
    await ovs.addFlows(bridge, [`${flow},sctp,actions=meter:2`, `${flow},icmp,idle_timeout=1,actions=drop`]);
    await ovs.ofctl('del-flows', bridge, 'table=20,tcp');
    await ovs.ofctl('del-groups', bridge, 'group_id=9');
    await ovs.ofctl('del-meter', bridge, 'meter=2');
  });
  await session.monitor(['65535', 'watch:'], /DELETED/, async () => {
    await ovs.addFlows(bridge, ['table=21,tcp,tp_dst=80,actions=output:1', 'table=21,arp,actions=NORMAL']);
    await ovs.ofctl('mod-flows', bridge, 'table=21,tcp,actions=output:2');
    await ovs.ofctl('del-flows', bridge, 'table=21');
  });
}

/** What ovs-ofctl has no command for, and what the switch refuses. A second client sees what the first one causes. */
async function rawMessages(session: Session): Promise<void> {
  const observer = await RawClient.connect(session.recorder.path);
  const client = await RawClient.connect(session.recorder.path);
  session.recorder.begin('subscriptions');
  await observer.send(...SUBSCRIPTIONS);
  for (const [label, ...messages] of RAW_MESSAGES) {
    session.recorder.begin(label);
    await client.send(...messages);
    await observer.send();
  }
  client.close();
  observer.close();
}

async function record(session: Session): Promise<void> {
  await furnish(session);
  await changeFlows(session);
  await readFlows(session);
  await askAll(session);
  await changeRest(session);
  for (const format of ['standard', 'nxt_packet_in', 'nxt_packet_in2']) await packetIns(session, format);
  await session.counters('dump-flows', 'table=0');
  for (const what of ['aggregate', 'group-stats', 'tables']) await session.counters(`dump-${what}`);
  await notifications(session);
  await rawMessages(session);
  for (const what of ['flows', 'groups', 'meters']) await session.ofctl(`del-${what}`);
}

async function main(): Promise<void> {
  await using lab = await Lab.create();
  const host = await lab.addSwitch();
  const recorder = await Recorder.listen(join(lab.dir, 'recorder.sock'), host.ovs.mgmt(host.bridge));
  await record(new Session(host, recorder));
  recorder.close();
  const messages = await recorder.fixtures();
  await writeFile(join(FIXTURES, 'messages.json'), `${JSON.stringify(messages, null, 2)}\n`);
  const names = await recordErrorNames();
  const rows = names.map((row) => `  [${row.map((cell) => JSON.stringify(cell)).join(', ')}]`);
  await writeFile(join(FIXTURES, 'error-names.json'), `[\n${rows.join(',\n')}\n]\n`);
  process.stdout.write(`${messages.length} messages and ${rows.length} error names\n`);
}

await main();
