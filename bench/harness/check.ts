import type { Comparison } from './comparison.ts';

/** A number that a bench found, and the bound that it should keep. */
export interface Figure {
  /** Whose it is, and what it is over: `galago over ovs-ofctl`. */
  readonly what: string;
  /** Undefined when it could not be measured: a contender was missing or failed. */
  readonly value: number | undefined;
  readonly bound: number;
  /** Whether the value should be at least, or at most, the bound. */
  readonly kind: 'atLeast' | 'atMost';
  /** Behind both numbers: `x`, ` s`, ` ns`. */
  readonly unit: string;
}

/** What {@link check} found out, in lines for people. */
export interface Verdict {
  readonly kept: readonly string[];
  readonly missed: readonly string[];
  /** Nothing to compare: no reproach, but no proof either. */
  readonly unknown: readonly string[];
}

/** Compares figures with their bounds. */
export function check(figures: readonly Figure[]): Verdict {
  const verdict = { kept: [] as string[], missed: [] as string[], unknown: [] as string[] };
  for (const figure of figures) {
    const { what, value, bound, kind, unit } = figure;
    const wanted = `${kind === 'atLeast' ? 'at least' : 'at most'} ${format(bound)}${unit}`;
    if (value === undefined) verdict.unknown.push(`${what}: not measured, wanted ${wanted}`);
    else
      verdict[isKept(figure, value) ? 'kept' : 'missed'].push(`${what}: ${format(value)}${unit}, ${wanted}`);
  }
  return verdict;
}

/** The rate of one contender over that of another, which should be at least `floor`. */
export function ratioFigure(all: readonly Comparison[], name: string, over: string, floor: number): Figure {
  const [value, other] = [name, over].map((one) => measuredOf(all, one)?.perSecond);
  const ratio = value === undefined || other === undefined ? undefined : value / other;
  return { what: `${name} over ${over}`, value: ratio, bound: floor, kind: 'atLeast', unit: 'x' };
}

/** The CPU seconds of a contender's own, which should be at most `ceiling`. */
export function cpuFigure(
  all: readonly Comparison[],
  name: string,
  owner: string,
  ceilingSeconds: number,
): Figure {
  const ms = measuredOf(all, name)?.cpuMs[owner]?.median;
  const value = ms === undefined ? undefined : ms / 1000;
  return { what: `${owner} CPU of ${name}`, value, bound: ceilingSeconds, kind: 'atMost', unit: ' s' };
}

function measuredOf(all: readonly Comparison[], name: string): Comparison['measured'] {
  return all.find((one) => one.name === name)?.measured;
}

function isKept({ bound, kind }: Figure, value: number): boolean {
  return kind === 'atLeast' ? value >= bound : value <= bound;
}

/** Small numbers need their decimals, large ones do not. */
function format(value: number): string {
  return value < 100 ? value.toFixed(2) : Math.round(value).toLocaleString('en-US');
}
