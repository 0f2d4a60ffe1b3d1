import type { Comparison } from './comparison.ts';
import type { Role } from './rounds.ts';
import { formatCount } from './table.ts';
import { escapeXml } from './xml.ts';

/** A picture for `docs/plots`. */
export interface Plot {
  /** Its file's name without `.svg`. */
  readonly name: string;
  readonly svg: string;
}

/** One bar. */
interface Bar {
  readonly label: string;
  readonly role: Role;
  readonly value: number;
  /** Drawn as a whisker. */
  readonly min: number;
  readonly max: number;
}

/** One line of a {@link linePlot}, through points of positive numbers. */
interface Line {
  readonly label: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

/** What a {@link linePlot} shows, both axes logarithmic. */
export interface LinePlotOptions {
  readonly name: string;
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly lines: readonly Line[];
}

const WIDTH = 760;
const MARGIN = 16;
const TOP = 48;
/** Lines are told apart by so many colours. */
const COLOURS = 6;

/** The rates of contenders: what was measured, its peers and the limit in three colours. */
export function ratePlot(name: string, title: string, unit: string, all: readonly Comparison[]): Plot {
  const bars = all.flatMap(({ name: label, role, measured }): Bar[] => {
    if (measured === undefined) return [];
    const { median: value, min, max } = measured.rate;
    return [{ label, role, value, min, max }];
  });
  // What is in brackets is said below the tables.
  return { name, svg: barPlot(title.replace(/ \(.*?\)/g, ''), `${unit}/s`, bars) };
}

/** Bars from the left, one below the other, each with its number and its spread. */
function barPlot(title: string, unit: string, bars: readonly Bar[]): string {
  const left = MARGIN + 8 + 7 * Math.max(0, ...bars.map(({ label }) => label.length));
  const right = WIDTH - MARGIN - 8 * Math.max(0, ...bars.map(({ value }) => formatCount(value).length)) - 12;
  const scale = (right - left) / Math.max(1e-9, ...bars.map(({ max }) => max));
  const step = 30;
  const parts = bars.map(({ label, role, value, min, max }, i) => {
    const y = TOP + i * step;
    const middle = y + 10;
    const [end, from, to] = [value, min, max].map((at) => round(left + at * scale));
    return [
      text(left - 8, y + 15, label, 'end'),
      `<rect class="${role}" x="${left}" y="${y}" width="${round(value * scale)}" height="20"/>`,
      `<path class="whisker" d="M${from} ${middle}H${to}M${from} ${middle - 4}v8M${to} ${middle - 4}v8"/>`,
      text(Math.max(end!, to!) + 8, y + 15, formatCount(value), 'start'),
    ].join('\n');
  });
  return page(title, `${unit}, median; the whisker is from the worst to the best turn`, parts, {
    height: TOP + bars.length * step + 12,
  });
}

/** Lines over two logarithmic axes, each named at its end. */
export function linePlot({ name, title, xLabel, yLabel, lines }: LinePlotOptions): Plot {
  const height = 380;
  const points = lines.flatMap((line) => line.points);
  const labelWidth = 7 * Math.max(0, ...lines.map(({ label }) => label.length));
  const x = axis(
    points.map(([at]) => at),
    { from: 76, to: WIDTH - MARGIN - labelWidth - 12 },
  );
  const y = axis(
    points.map(([, at]) => at),
    { from: height - 52, to: TOP + 12 },
  );
  const parts = [
    ...x.ticks.map((tick) => {
      const at = x.place(tick);
      return `<path class="grid" d="M${at} ${y.from}V${y.to}"/>${text(at, y.from + 18, compact(tick), 'middle')}`;
    }),
    ...y.ticks.map((tick) => {
      const at = y.place(tick);
      return `<path class="grid" d="M${x.from} ${at}H${x.to}"/>${text(x.from - 8, at + 4, compact(tick), 'end')}`;
    }),
    text((x.from + x.to) / 2, height - 14, xLabel, 'middle', 'soft'),
    ...namedLines(lines, x, y),
  ];
  return { name, svg: page(title, yLabel, parts, { height }) };
}

function namedLines(lines: readonly Line[], x: Axis, y: Axis): string[] {
  const drawn = lines
    .map(({ label, points }, i) => {
      const at = points.map(([px, py]) => [x.place(px), y.place(py)] as const);
      return { label, at, colour: `line${i % COLOURS}` };
    })
    .filter(({ at }) => at.length > 0);
  const curves = drawn.flatMap(({ at, colour }) => [
    `<path class="curve ${colour}" d="M${at.map(([px, py]) => `${px} ${py}`).join('L')}"/>`,
    ...at.map(([px, py]) => `<circle class="${colour}" cx="${px}" cy="${py}" r="3.5"/>`),
  ]);
  // From the top, each name below the one before: in the order of the ends of their lines.
  let lowest = 0;
  const names = drawn
    .map(({ at, ...line }) => ({ ...line, end: at.at(-1)! }))
    .sort((one, other) => one.end[1] - other.end[1])
    .map(({ label, colour, end }) => {
      lowest = Math.max(end[1] + 4, lowest + 14);
      return text(end[0] + 10, lowest, label, 'start', colour);
    });
  return [...curves, ...names];
}

interface Axis {
  readonly from: number;
  readonly to: number;
  readonly ticks: readonly number[];
  place(value: number): number;
}

/** A logarithmic axis over whole decades. */
function axis(values: readonly number[], { from, to }: Pick<Axis, 'from' | 'to'>): Axis {
  const logs = (values.length === 0 ? [1] : values).map((value) => Math.log10(value));
  const low = Math.floor(Math.min(...logs));
  const high = Math.max(low + 1, Math.ceil(Math.max(...logs)));
  const ticks = Array.from({ length: high - low + 1 }, (_, i) => 10 ** (low + i));
  const place = (value: number) => round(from + ((Math.log10(value) - low) / (high - low)) * (to - from));
  return { from, to, ticks, place };
}

/** 0.001 to 999 as they are, then `1k`, `10k`, `1M`. */
function compact(value: number): string {
  if (value >= 1e6) return `${Number((value / 1e6).toPrecision(3))}M`;
  if (value >= 1e3) return `${Number((value / 1e3).toPrecision(3))}k`;
  return `${Number(value.toPrecision(3))}`;
}

type Anchor = 'start' | 'middle' | 'end';

function text(x: number, y: number, content: string, anchor: Anchor, kind = ''): string {
  const attributes = kind === '' ? '' : ` class="${kind}"`;
  return `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}"${attributes}>${escapeXml(content)}</text>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function page(
  title: string,
  subtitle: string,
  parts: readonly string[],
  { height }: { height: number },
): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">
<title>${escapeXml(title)}</title>
<style>${STYLE}</style>
<rect class="page" width="100%" height="100%"/>
${text(MARGIN, 22, title, 'start', 'strong')}
${text(MARGIN, 39, subtitle, 'start', 'soft')}
${parts.join('\n')}
</svg>
`;
}

/** The page has a ground of its own, so that the text can be read where nothing is known of light and dark. */
const STYLE = `
  text { font: 12px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; fill: #1f2328; }
  .strong { font-size: 14px; font-weight: 600; } .soft { fill: #59636e; }
  .page { fill: #ffffff; } .grid { stroke: #d1d9e0; fill: none; }
  .whisker { stroke: #1f2328; fill: none; } .curve { stroke-width: 2; }
  .ours { fill: #54aeff; } .peer { fill: #d4a72c; } .limit { fill: #afb8c1; }
  .curve { stroke: currentColor; fill: none; } circle, text[class^="line"] { fill: currentColor; }
  .line0 { color: #0969da; } .line1 { color: #9a6700; } .line2 { color: #1a7f37; }
  .line3 { color: #cf222e; } .line4 { color: #8250df; } .line5 { color: #656d76; }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc; } .soft { fill: #9198a1; } .page { fill: #0d1117; } .grid { stroke: #30363d; }
    .whisker { stroke: #f0f6fc; } .ours { fill: #1f6feb; } .peer { fill: #9e6a03; } .limit { fill: #656c76; }
    .line0 { color: #4493f8; } .line1 { color: #d29922; } .line2 { color: #3fb950; }
    .line3 { color: #f85149; } .line4 { color: #ab7df8; } .line5 { color: #9198a1; }
  }
`;
