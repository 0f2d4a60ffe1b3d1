import { readFileSync } from 'node:fs';

/** One message as a real peer sent it; `record-fixtures.ts` makes them. */
export interface Fixture {
  /** Unique: what Open vSwitch calls the message, and what was being done. */
  readonly name: string;
  /** `switch` is ovs-vswitchd; `controller` is ovs-ofctl, or the recorder itself. */
  readonly from: 'switch' | 'controller';
  readonly hex: string;
  /** What `ovs-ofctl ofp-print` says of it. */
  readonly print: string;
}

/** The name that Open vSwitch has for an error: type, code, experimenter (0 for none), name. */
export type ErrorNameRow = readonly [errorType: number, code: number, experimenter: number, name: string];

/** Every recorded message. */
export const fixtures: readonly Fixture[] = load('messages.json');

/** What Open vSwitch calls each error that it knows. */
export const errorNames: readonly ErrorNameRow[] = load('error-names.json');

/** The fixture of a name, with its bytes. */
export function fixture(name: string): Fixture & { readonly bytes: Buffer } {
  const found = fixtures.find((candidate) => candidate.name === name);
  if (found === undefined) throw new Error(`no fixture is called '${name}'`);
  return { ...found, bytes: Buffer.from(found.hex, 'hex') };
}

/** The fixtures whose names begin with `kind` and a colon, as in `OFPT_FLOW_MOD`. There is at least one. */
export function fixturesOf(kind: string): readonly (Fixture & { readonly bytes: Buffer })[] {
  const names = fixtures.map(({ name }) => name).filter((name) => name.startsWith(`${kind}:`));
  if (names.length === 0) throw new Error(`there is no fixture of ${kind}`);
  return names.map(fixture);
}

function load<T>(file: string): T {
  return JSON.parse(readFileSync(new URL(`./fixtures/${file}`, import.meta.url), 'utf8'));
}
