import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { decode, encode } from '../../../src/ofp/message.ts';
import { formatFlow, formatMessage, parseFlow } from '../../../src/ofp/text/index.ts';

/** A message that ovs-ofctl or ovs-vswitchd sent, with what `ovs-ofctl ofp-print` says of it. */
interface Recorded {
  readonly name: string;
  readonly hex: string;
  readonly print: string;
}

/** A flow in ovs-ofctl's words, with what ovs-ofctl sent for it. */
interface RecordedFlow {
  readonly text: string;
  readonly hex: string;
}

/** A row of a corpus that is kept next to the repository. */
interface Row {
  readonly hex?: string | null;
  readonly print?: string;
  readonly print31?: string;
}

const read = (path: string) => readFileSync(fileURLToPath(new URL(path, import.meta.url)), 'utf8');
const messages: readonly Recorded[] = JSON.parse(read('../fixtures/messages.json'));
const flows: readonly RecordedFlow[] = JSON.parse(read('../fixtures/actions.json')).openflow13;

describe('the text of a message', () => {
  it.each(messages)('is that of ovs-ofctl ofp-print: $name', ({ hex, print }) => {
    expect(formatMessage(Buffer.from(hex, 'hex')).trimEnd()).toBe(print.trimEnd());
  });
});

describe('the text of an error', () => {
  it('says nothing of the message in it when that has no version', () => {
    const error = Buffer.from('040100141122334400040000' + '0000000811223344', 'hex');
    expect(formatMessage(error)).toBe(
      [
        'OFPT_ERROR (OF1.3) (xid=0x11223344): OFPBMC_BAD_TYPE',
        '***decode error: OFPBRC_BAD_TYPE***',
        '00000000  00 00 00 08 11 22 33 44-                        |....."3D        |',
        '',
      ].join('\n'),
    );
  });
});

describe('the text of an error of experimenter 0', () => {
  it.each([
    ['0000', 'OFPHFC_INCOMPATIBLE'],
    ['0001', 'OFPBRC_BAD_VERSION'],
  ])('names the first error of the type that its code %s is, as ovs-ofctl does', (code, name) => {
    const error = Buffer.from(`0401001011223344ffff${code}00000000`, 'hex');
    expect(formatMessage(error)).toMatch(
      new RegExp(`^OFPT_ERROR \\(OF1\\.3\\) \\(xid=0x11223344\\): ${name}\n`),
    );
  });
});

describe('the text of a flow', () => {
  it.each(flows)('is read as ovs-ofctl reads it: $text', ({ text, hex }) => {
    const expected = Buffer.from(hex, 'hex');
    expect(encode({ ...parseFlow(text), xid: expected.readUInt32BE(4) }).toString('hex')).toBe(hex);
  });

  it.each(flows)('can be read again: $text', ({ hex }) => {
    const flow = decode(Buffer.from(hex, 'hex'));
    if (flow.type !== 'flowMod') throw new Error(`expected flowMod, got ${flow.type}`);
    // ofp-print says the command first, which add-flow does not take.
    const text = formatFlow(flow).replace(/^ADD ?/, '');
    const again = encode({ ...parseFlow(text), xid: flow.xid });
    expect(again.toString('hex')).toBe(hex);
  });
});

describe('the corpus, when it is there', () => {
  const folder = fileURLToPath(new URL('../../../../shared/corpus/', import.meta.url));
  const present = ['of13-vswitchd.jsonl', 'of13-osken.jsonl'].filter((file) => existsSync(folder + file));

  it.each(present)('has the text of ovs-ofctl in every row: %s', (file) => {
    const rows: readonly Row[] = readFileSync(folder + file, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const printed = rows.filter(({ hex, print, print31 }) => hex && (print ?? print31) !== undefined);
    const wrong = printed.filter(
      ({ hex, print, print31 }) => formatMessage(Buffer.from(hex!, 'hex')) !== (print ?? print31),
    );
    expect(printed.length).toBeGreaterThan(100);
    expect(wrong).toEqual([]);
  });
});
