import { MeterFlag, meterModCommands } from '../../messages/meter-mod.ts';
import { decodeMeterBands } from '../../meter-band.ts';
import type { WireView } from '../../wire/wire-view.ts';
import { demand } from '../check/refusal.ts';
import { formatBits } from '../flags.ts';
import { formatMeter, formatMeterId } from '../meter.ts';
import { duration } from '../numbers.ts';
import { type Form, fixed, open, type WireMessage } from './form.ts';

/** How messages about meters are written, by OFPT_ number. */
export const meterForms: Readonly<Record<number, Form>> = {
  29: open('OFPT_METER_MOD', 8, 8, ({ wire, start, end }) => [` ${formatMeterMod(wire, start, end)}\n`]),
};

/** How multiparts about meters are written, by OFPMP_ number: request and reply. */
export const meterMultiparts: Readonly<Record<number, readonly [request: Form, reply: Form]>> = {
  9: [fixed('OFPST_METER request', 8, printRequest), open('OFPST_METER reply', 0, 8, printStats)],
  10: [
    fixed('OFPST_METER_CONFIG request', 8, printRequest),
    open('OFPST_METER_CONFIG reply', 0, 8, printConfig),
  ],
  11: [fixed('OFPST_METER_FEATURES request', 0), fixed('OFPST_METER_FEATURES reply', 16, printFeatures)],
};

const BAND_SIZE = 16;
const BAND_TYPES = [1, 2];

/** Refuses bands that Open vSwitch does not take. @throws Refusal */
function checkBands({ view }: WireView, start: number, end: number): void {
  demand(start <= end, 'OFPBRC_BAD_LEN', 'the bands go beyond the message');
  let at = start;
  for (; end - at >= BAND_SIZE; at += BAND_SIZE) {
    demand(view.getUint16(at + 2) === BAND_SIZE, 'OFPBRC_BAD_LEN', 'a band has 16 bytes');
    demand(
      BAND_TYPES.includes(view.getUint16(at)),
      'OFPMMFC_BAD_BAND',
      'the switch has no such type of band',
    );
  }
  demand(at === end, 'OFPBRC_BAD_LEN', 'a band has 16 bytes');
}

const DELETE = meterModCommands.code('delete');

/** Writes a meter-mod. @throws Refusal */
export function formatMeterMod(wire: WireView, start: number, end: number): string {
  const { view } = wire;
  const code = view.getUint16(start + 8);
  demand(code <= DELETE, 'OFPMMFC_BAD_COMMAND', `no command has the number ${code}`);
  const command = meterModCommands.name(code);
  const meterId = view.getUint32(start + 12);
  if (code === DELETE) return formatMeter({ type: 'meterMod', command, meterId });
  const flags = view.getUint16(start + 10);
  const both = MeterFlag.KBPS | MeterFlag.PKTPS;
  demand((flags & both) !== both, 'OFPMMFC_BAD_FLAGS', 'a meter counts kbps or pktps, not both');
  checkBands(wire, start + 16, end);
  return formatMeter({
    type: 'meterMod',
    command,
    flags,
    meterId,
    bands: decodeMeterBands(wire, start + 16, end),
  });
}

function* printRequest({ wire, body }: WireMessage): Iterable<string> {
  yield ` ${formatMeterId(wire.view.getUint32(body), '=')}`;
}

const CONFIG_SIZE = 8;

function* printConfig({ wire, body, end }: WireMessage): Iterable<string> {
  for (let at = body; at < end; ) {
    const next = at + wire.view.getUint16(at);
    demand(next >= at + CONFIG_SIZE && next <= end, 'OFPBRC_BAD_LEN', 'no length of a meter');
    checkBands(wire, at + CONFIG_SIZE, next);
    const flags = wire.view.getUint16(at + 2);
    const bands = decodeMeterBands(wire, at + CONFIG_SIZE, next);
    yield `\n${formatMeter({ meterId: wire.view.getUint32(at + 4), flags, bands })}\n`;
    at = next;
  }
}

const STATS_SIZE = 40;
const BAND_STATS_SIZE = 16;

function* printStats({ wire, body, end }: WireMessage): Iterable<string> {
  const { view } = wire;
  for (let at = body; at < end; ) {
    demand(end - at >= STATS_SIZE, 'OFPBRC_BAD_LEN', 'the statistics of a meter have 40 bytes');
    const next = at + view.getUint16(at + 4);
    const fits = next >= at + STATS_SIZE && next <= end && (next - at - STATS_SIZE) % BAND_STATS_SIZE === 0;
    demand(fits, 'OFPBRC_BAD_LEN', 'no length of the statistics of a meter');
    let text = `\n${formatMeterId(view.getUint32(at), ':')} flow_count:${view.getUint32(at + 12)} `;
    text += `packet_in_count:${view.getBigUint64(at + 16)} byte_in_count:${view.getBigUint64(at + 24)} `;
    text += `duration:${duration(view.getUint32(at + 32), view.getUint32(at + 36))} bands:\n`;
    for (let band = at + STATS_SIZE; band < next; band += BAND_STATS_SIZE) {
      const index = (band - at - STATS_SIZE) / BAND_STATS_SIZE;
      text += `${index}: packet_count:${view.getBigUint64(band)} byte_count:${view.getBigUint64(band + 8)}\n`;
    }
    yield text;
    at = next;
  }
}

const CAPABILITIES = ['kbps', 'pktps', 'burst', 'stats'];

function* printFeatures({ wire, body }: WireMessage): Iterable<string> {
  const { view } = wire;
  yield `\nmax_meter:${view.getUint32(body)} max_bands:${view.getUint8(body + 12)}`;
  yield ` max_color:${view.getUint8(body + 13)}\n`;
  yield `band_types: ${formatBits(view.getUint32(body + 4), [undefined, 'drop', 'dscp_remark'], ' ')}\n`;
  yield `capabilities: ${formatBits(view.getUint32(body + 8), CAPABILITIES, ' ')}\n`;
}
