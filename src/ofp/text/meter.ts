import type { MeterSpec } from '../flow-spec.ts';
import {
  MeterFlag,
  type MeterModCommand,
  type MeterModInit,
  meterModCommands,
} from '../messages/meter-mod.ts';
import type { MeterBand } from '../meter-band.ts';
import { MeterNo } from '../ports.ts';
import { parseNumber } from './numbers.ts';
import { Span } from './span.ts';
import { didYouMean } from './text-error.ts';

const METER_NAMES: ReadonlyMap<number, string> = new Map([
  [MeterNo.SLOWPATH, 'slowpath'],
  [MeterNo.CONTROLLER, 'controller'],
  [MeterNo.ALL, 'all'],
]);

const FLAG_WORDS: Readonly<Record<string, number>> = {
  kbps: MeterFlag.KBPS,
  pktps: MeterFlag.PKTPS,
  burst: MeterFlag.BURST,
  stats: MeterFlag.STATS,
};
const ALL_FLAGS = MeterFlag.KBPS | MeterFlag.PKTPS | MeterFlag.BURST | MeterFlag.STATS;
const SEPARATORS = ', \t\r\n';

/**
 * Reads a meter as ovs-ofctl does (ovs-ofctl(8)): `meter=1,kbps,burst,bands=type=drop,rate=1000,burst_size=100`.
 * @throws TextError `OFP_TEXT_INVALID`
 */
export function parseMeter(text: string, command: MeterModCommand = 'add'): MeterModInit {
  const span = new Span(text);
  const hasBands = command !== 'delete';
  const [head, list] = hasBands ? splitBands(span) : [span, undefined];
  const { meterId, flags } = parseHead(head, hasBands);
  if (list === undefined) return { type: 'meterMod', command, meterId };
  return { type: 'meterMod', command, flags, meterId, bands: parseBands(list, flags) };
}

/**
 * Names and values, cut as ovs-ofctl cuts them: any of `=`, commas and white space ends a name, and a comma or white
 * space ends a value. Names that `alone` is true for have no value.
 */
function* nameValues(span: Span, alone: (name: string) => boolean): Generator<[name: Span, value: Span]> {
  const { source, end } = span;
  let at = span.start;
  const next = (separators: string): Span => {
    while (at < end && separators.includes(source[at]!)) at++;
    const from = at;
    while (at < end && !separators.includes(source[at]!)) at++;
    // The separator that ends a word belongs to it.
    return new Span(source, from, at++);
  };
  for (let name = next(`=${SEPARATORS}`); !name.isEmpty; name = next(`=${SEPARATORS}`)) {
    yield [name, alone(name.text) ? name.slice(name.text.length) : next(SEPARATORS)];
  }
}

/** Bands begin behind the first `band` and the `=` that follows it. */
function splitBands(span: Span): [head: Span, bands: Span] {
  const at = span.text.indexOf('band');
  const equals = at < 0 ? -1 : span.text.indexOf('=', at);
  if (equals < 0) throw span.error('a meter needs bands=type=…', span.text.length);
  return [span.slice(0, at), span.slice(equals + 1)];
}

function parseHead(span: Span, hasFlags: boolean): { meterId: number; flags: number } {
  let meterId = 0;
  let flags = 0;
  const isFlag = (name: string) => hasFlags && Object.hasOwn(FLAG_WORDS, name);
  for (const [name, value] of nameValues(span, isFlag)) {
    if (isFlag(name.text)) flags |= FLAG_WORDS[name.text]!;
    else if (name.text === 'meter') meterId = parseMeterId(value);
    else
      throw name.error(
        `a meter has no '${name.text}'${didYouMean(name.text, ['meter', ...Object.keys(FLAG_WORDS)])}`,
      );
  }
  if (meterId === 0) throw span.error('a meter needs meter=…', span.text.length);
  if (hasFlags && flags === 0) throw span.error('a meter counts kbps or pktps', span.text.length);
  return { meterId, flags };
}

function parseMeterId(span: Span): number {
  for (const [meterId, name] of METER_NAMES) if (name === span.text) return meterId;
  const meterId = parseNumber(span, 32, 'a meter');
  if (meterId >= 1 && meterId <= MeterNo.MAX) return meterId;
  throw span.error(`a meter is 1 to ${MeterNo.MAX}, got ${span.text}`);
}

/** A band as it is read: the words that it has. */
interface Draft {
  readonly type: 'drop' | 'dscp_remark';
  readonly at: Span;
  rate: number;
  burst_size: number;
  prec_level: number;
}

const BAND_WORDS = { rate: 32, burst_size: 32, prec_level: 8 } as const;

function parseBands(span: Span, flags: number): MeterBand[] {
  const drafts: Draft[] = [];
  for (const [name, value] of nameValues(span, () => false)) {
    const band = drafts.at(-1);
    if (value.isEmpty) throw value.error(`${name.text} needs a value`);
    if (name.text === 'type') drafts.push(newBand(value));
    else if (band === undefined) throw name.error('a band begins with type=…');
    else if (Object.hasOwn(BAND_WORDS, name.text)) {
      const key = name.text as keyof typeof BAND_WORDS;
      band[key] = parseNumber(value, BAND_WORDS[key], key);
    } else
      throw name.error(
        `a band has no '${name.text}'${didYouMean(name.text, ['type', ...Object.keys(BAND_WORDS)])}`,
      );
  }
  if (drafts.length === 0) throw span.error('a meter needs a band: type=drop or type=dscp_remark');
  return drafts.map((band) => finishBand(band, (flags & MeterFlag.BURST) !== 0));
}

function newBand(span: Span): Draft {
  const type = span.text;
  if (type !== 'drop' && type !== 'dscp_remark')
    throw span.error(`a band is of type drop or dscp_remark, not '${type}'`);
  return { type, at: span, rate: 0, burst_size: 0, prec_level: 0 };
}

function finishBand(
  { type, at, rate, burst_size: burstSize, prec_level: precLevel }: Draft,
  hasBurst: boolean,
): MeterBand {
  if (rate === 0) throw at.error('a band needs rate=…');
  if (hasBurst && burstSize === 0) throw at.error("a band needs burst_size=… where the meter has 'burst'");
  if (!hasBurst && burstSize !== 0) throw at.error("a band has burst_size only where the meter has 'burst'");
  if (type === 'drop') {
    if (precLevel !== 0) throw at.error('only a dscp_remark band has prec_level');
    return { type, rate, burstSize };
  }
  if (precLevel === 0) throw at.error('a dscp_remark band needs prec_level=…');
  return { type: 'dscpRemark', rate, burstSize, precLevel };
}

const COMMAND_WORDS = ['ADD', 'MOD', 'DEL'];

/**
 * Writes a meter as ovs-ofctl does, one line for each band; a meter-mod with `ADD` or the like before it
 * (ovs-ofctl(8)).
 */
export function formatMeter(meter: MeterModInit | MeterSpec): string {
  const { meterId, flags = 0, bands = [] } = meter;
  const names = Object.entries(FLAG_WORDS).flatMap(([word, bit]) => ((flags & bit) === 0 ? [] : [word]));
  const rest = flags & ~ALL_FLAGS;
  if (rest !== 0) names.push(`flags:0x${rest.toString(16)}`);
  const lines = bands.map((band) => `\n${formatBand(band, flags)}`).join('');
  const text = `${[formatMeterId(meterId, '='), ...names].join(' ')} bands=${lines}`;
  if (!('command' in meter)) return text;
  const command = meterModCommands.code(meter.command);
  return `${COMMAND_WORDS[command] ?? `cmd:${command}`} ${text}`;
}

/** Writes a meter's number or name behind `meter` and a separator. */
export function formatMeterId(meterId: number, separator: '=' | ':'): string {
  const name = meterId <= MeterNo.MAX ? meterId : (METER_NAMES.get(meterId) ?? 'unknown');
  return `meter${separator}${name}`;
}

const BAND_TYPES = { drop: 'drop', dscpRemark: 'dscp_remark' } as const;

function formatBand(band: MeterBand, flags: number): string {
  const words = [`type=${band.type === 'unknown' ? band.code : BAND_TYPES[band.type]}`, `rate=${band.rate}`];
  if ((flags & MeterFlag.BURST) !== 0) words.push(`burst_size=${band.burstSize}`);
  if (band.type === 'dscpRemark') words.push(`prec_level=${band.precLevel}`);
  return words.join(' ');
}
