import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { encode } from '../../src/ofp/message.ts';
import { WireError } from '../../src/util/errors.ts';
import { decodeFully } from './checks.ts';

/** One message of a corpus that is kept next to the repository; its README explains the columns. */
interface Row {
  readonly hex?: string | null;
  readonly name?: string;
  readonly typeName?: string;
  /** It has another version byte. */
  readonly notOF13?: boolean;
  /** The error with which Open vSwitch refuses it; we may do so as well. */
  readonly ovsRejects?: string;
  /** It was cut short. */
  readonly truncated?: boolean;
}

const FOLDER = fileURLToPath(new URL('../../../shared/corpus/', import.meta.url));
const FILES = ['of13-vswitchd.jsonl', 'of13-osken.jsonl'];
const missing = FILES.filter((file) => !existsSync(FOLDER + file));

function rowsOf(file: string): Row[] {
  const lines = readFileSync(FOLDER + file, 'utf8').trim();
  return lines.split('\n').map((line) => JSON.parse(line));
}

/** What came of decoding and encoding back: `same`, `refused`, or what is wrong. */
function outcomeOf({ hex, name, typeName, ovsRejects, truncated }: Row): string {
  const mayBeRefused = ovsRejects !== undefined || truncated === true;
  const bytes = Buffer.from(hex ?? '', 'hex');
  try {
    const back = encode(decodeFully(bytes));
    return back.equals(bytes) ? 'same' : `${name ?? typeName}: ${hex} became ${back.toString('hex')}`;
  } catch (error) {
    if (error instanceof WireError && mayBeRefused) return 'refused';
    return `${name ?? typeName}: ${hex}: ${error}`;
  }
}

const reason =
  missing.length === 0 ? '' : ` (skipped: no ${missing.map((file) => FOLDER + file).join(', ')})`;

(missing.length === 0 ? describe : describe.skip)(`the corpus of recorded messages${reason}`, () => {
  it.each(FILES)('comes back byte for byte: %s', (file) => {
    const rows = rowsOf(file).filter(({ hex, notOF13 }) => hex && !notOF13);
    const outcomes = rows.map(outcomeOf);
    expect(outcomes.filter((outcome) => outcome !== 'same' && outcome !== 'refused')).toEqual([]);
    expect(outcomes.filter((outcome) => outcome === 'same').length).toBeGreaterThan(rows.length * 0.9);
  });
});
