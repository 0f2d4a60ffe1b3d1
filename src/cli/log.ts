import { pino } from 'pino';
import type { Log } from '../util/log.ts';
import { printable } from './printable.ts';

/** The levels of logs, from the one that says most. */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
/** One of {@link LOG_LEVELS}. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/** How {@link createLog} logs. */
export interface LogOptions {
  readonly level: LogLevel;
  /** A JSON object a line for programs, instead of a line for people. Default false. */
  readonly json?: boolean;
  /** Default: standard error. */
  readonly output?: NodeJS.WritableStream;
}

/** A log of one line an entry. */
export function createLog({ level, json = false, output = process.stderr }: LogOptions): Log {
  // Whoever read the log may have gone: that is no reason to stop.
  output.on('error', () => {});
  const destination = json ? output : { write: (line: string) => output.write(formatLine(line)) };
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
}

/** Writes one line of pino's for people: `TIME LEVEL MESSAGE key=value …`. */
function formatLine(line: string): string {
  const { time, level, msg, ...fields } = JSON.parse(line) as Record<string, unknown>;
  const pairs = Object.entries(fields).map(([key, value]) => ` ${key}=${formatValue(value)}`);
  return `${time} ${String(level).toUpperCase().padEnd(5)} ${printable(String(msg))}${pairs.join('')}\n`;
}

function formatValue(value: unknown): string {
  if (typeof value === 'string' && /^[^\s"=]+$/.test(value)) return printable(value);
  if (isError(value)) return formatValue(value.message);
  return printable(JSON.stringify(value));
}

/** What pino makes of an error: `type`, `message`, `stack`. */
function isError(value: unknown): value is { readonly message: string } {
  return typeof value === 'object' && value !== null && 'stack' in value && 'message' in value;
}
