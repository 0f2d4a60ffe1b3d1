import type { PortStats } from '../../multipart/port.ts';
import { portStats } from '../../multipart/port.ts';
import type { Port } from '../../port.ts';
import { PortConfig, PortState, portStruct } from '../../port.ts';
import { demand } from '../check/refusal.ts';
import { type BitNames, formatBits } from '../flags.ts';
import { formatPort, isSupportedPort, portTo16 } from '../names.ts';
import { counter, duration } from '../numbers.ts';
import { bitNames } from './control.ts';
import { decoded, type Form, fixed, guarded, open, type WireMessage } from './form.ts';

/** How messages about ports are written, by OFPT_ number. */
export const portForms: Readonly<Record<number, Form>> = {
  12: fixed('OFPT_PORT_STATUS', 72, printPortStatus),
  16: fixed('OFPT_PORT_MOD', 32, printPortMod),
};

/** How multiparts about ports are written, by OFPMP_ number: request and reply. */
export const portMultiparts: Readonly<Record<number, readonly [request: Form, reply: Form]>> = {
  4: [fixed('OFPST_PORT request', 8, printStatsRequest), open('OFPST_PORT reply', 0, 112, printStats)],
  13: [
    fixed('OFPST_PORT_DESC request', 0, () => [' port=ANY']),
    open('OFPST_PORT_DESC reply', 0, 64, printDescriptions),
  ],
};

const CONFIG: BitNames = bitNames({
  PORT_DOWN: PortConfig.PORT_DOWN,
  NO_RECV: PortConfig.NO_RECV,
  NO_FWD: PortConfig.NO_FWD,
  NO_PACKET_IN: PortConfig.NO_PACKET_IN,
});
const ALL_CONFIG = PortConfig.PORT_DOWN | PortConfig.NO_RECV | PortConfig.NO_FWD | PortConfig.NO_PACKET_IN;
const STATE: BitNames = bitNames({
  LINK_DOWN: PortState.LINK_DOWN,
  BLOCKED: PortState.BLOCKED,
  LIVE: PortState.LIVE,
});
const ALL_STATE = PortState.LINK_DOWN | PortState.BLOCKED | PortState.LIVE;

/** OFPPF_ bits from the lowest on. */
const FEATURES: BitNames = [
  '10MB-HD',
  '10MB-FD',
  '100MB-HD',
  '100MB-FD',
  '1GB-HD',
  '1GB-FD',
  '10GB-FD',
  '40GB-FD',
  '100GB-FD',
  '1TB-FD',
  'OTHER',
  'COPPER',
  'FIBER',
  'AUTO_NEG',
  'AUTO_PAUSE',
  'AUTO_PAUSE_ASYM',
];

function formatFeatures(bits: number): string {
  return formatBits(bits & 0xffff, FEATURES, ' ');
}

/** Refuses port numbers that Open vSwitch cannot keep. @throws Refusal */
export function checkPort(port: number): void {
  demand(isSupportedPort(port), 'OFPBAC_BAD_OUT_PORT', `no port has the number ${port}`);
}

const FEATURE_LINES = [
  ['current', 'curr'],
  ['advertised', 'advertised'],
  ['supported', 'supported'],
  ['peer', 'peer'],
] as const;

function formatPortDescription(port: Port): string {
  const name = /^[\x20-\x7e]{0,15}/.exec(port.name)![0];
  const lines = [
    ` ${formatPort(port.portNo)}(${name}): addr:${port.hwAddr}`,
    `     config:     ${formatBits(port.config & ALL_CONFIG, CONFIG, ' ')}`,
    `     state:      ${formatBits(port.state & ALL_STATE, STATE, ' ')}`,
  ];
  for (const [label, key] of FEATURE_LINES) {
    if ((port[key] & 0xffff) !== 0) lines.push(`     ${`${label}:`.padEnd(12)}${formatFeatures(port[key])}`);
  }
  const speed = (kilobits: number) => Math.floor(kilobits / 1000);
  lines.push(`     speed: ${speed(port.currSpeed)} Mbps now, ${speed(port.maxSpeed)} Mbps max`);
  return `${lines.join('\n')}\n`;
}

const STATUS_WORDS = ['ADD', 'DEL', 'MOD'];

function* printPortStatus({ wire, body, end }: WireMessage): Iterable<string> {
  const word = STATUS_WORDS[wire.view.getUint8(body)];
  demand(word !== undefined, 'NXBRC_BAD_REASON', 'no reason of a port status');
  const port = portStruct.decode(wire, body + 8, end);
  checkPort(port.portNo);
  yield ` ${word}:${formatPortDescription(port)}`;
}

function* printPortMod(message: WireMessage): Iterable<string> {
  const { portNo, hwAddr, config, mask, advertise } = decoded(message, 'portMod');
  checkPort(portNo);
  yield ` port: ${formatPort(portNo)}: addr:${hwAddr}\n`;
  yield `     config: ${formatBits(config & mask & ALL_CONFIG, CONFIG, ' ')}\n`;
  yield `     mask:   ${formatBits(mask & ALL_CONFIG, CONFIG, ' ')}\n`;
  yield `     advertise: ${(advertise & 0xffff) === 0 ? 'UNCHANGED' : formatFeatures(advertise)}\n`;
}

function* printStatsRequest({ wire, body }: WireMessage): Iterable<string> {
  const port = wire.view.getUint32(body);
  checkPort(port);
  yield ` port_no=${formatPort(port)}`;
}

/** Ports that could be read, up to the first that could not. */
function readableStats({ wire, body, end }: WireMessage): {
  readonly ports: PortStats[];
  readonly isWhole: boolean;
} {
  const all = guarded(() => portStats.reply.decode(wire, body, end) as PortStats[]);
  const bad = all.findIndex(({ portNo }) => !isSupportedPort(portNo));
  return bad < 0 ? { ports: all, isWhole: true } : { ports: all.slice(0, bad), isWhole: false };
}

function* printStats(message: WireMessage): Iterable<string> {
  const { ports, isWhole } = readableStats(message);
  yield ` ${ports.length} ports\n`;
  for (const port of ports) yield formatStats(port);
  demand(isWhole, 'OFPBAC_BAD_OUT_PORT', 'no port has such a number');
}

/** Port numbers below this have one digit, and a blank before it. */
const TWO_DIGITS = 10;
const UNKNOWN_DURATION = 0xffffffff;

function formatStats(port: PortStats): string {
  const number = `${portTo16(port.portNo)! < TWO_DIGITS ? ' ' : ''}${formatPort(port.portNo)}`;
  const count = (label: string, key: keyof PortStats) => `${label}=${counter(port[key])}`;
  const rx = [
    count('pkts', 'rxPackets'),
    count('bytes', 'rxBytes'),
    count('drop', 'rxDropped'),
    count('errs', 'rxErrors'),
    count('frame', 'rxFrameErr'),
    count('over', 'rxOverErr'),
    count('crc', 'rxCrcErr'),
  ];
  const tx = [
    count('pkts', 'txPackets'),
    count('bytes', 'txBytes'),
    count('drop', 'txDropped'),
    count('errs', 'txErrors'),
    count('coll', 'collisions'),
  ];
  const lines = [`  port ${number}: rx ${rx.join(', ')}`, `           tx ${tx.join(', ')}`];
  if (port.durationSec !== UNKNOWN_DURATION) {
    lines.push(`           duration=${duration(port.durationSec, port.durationNsec)}`);
  }
  return `${lines.join('\n')}\n`;
}

function* printDescriptions({ wire, body, end }: WireMessage): Iterable<string> {
  yield '\n';
  const all = portStruct.decodeAll(wire, body, end);
  const bad = all.findIndex(({ portNo }) => !isSupportedPort(portNo));
  const ports = bad < 0 ? all : all.slice(0, bad);
  ports.sort((a, b) => portTo16(a.portNo)! - portTo16(b.portNo)!);
  for (const port of ports) yield formatPortDescription(port);
  demand(bad < 0, 'OFPBAC_BAD_OUT_PORT', 'no port has such a number');
}
