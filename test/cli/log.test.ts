import { Writable } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { createLog, type LogOptions } from '../../src/cli/log.ts';

function capture(options: Partial<LogOptions> = {}) {
  let text = '';
  const output = new Writable({
    write(chunk, _encoding, done) {
      text += chunk;
      done();
    },
  });
  const log = createLog({ level: 'info', output, ...options });
  return { log, output, lines: () => text.trimEnd().split('\n') };
}

const TIME = String.raw`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z`;

describe('the log', () => {
  it('is a readable line an entry', () => {
    const { log, lines } = capture();
    log.info({ method: 'ptcp:6653:127.0.0.1', ports: 3, problems: ['a b'], why: 'no "reason"' }, 'listening');
    log.warn({}, 'odd');
    const [first, second] = lines();
    expect(first).toMatch(new RegExp(`${TIME} INFO {2}listening method=ptcp:6653:127.0.0.1 ports=3 `));
    expect(first).toContain(String.raw`problems=["a b"] why="no \"reason\""`);
    expect(second).toMatch(new RegExp(`${TIME} WARN {2}odd$`));
  });

  it('is a JSON object a line for programs', () => {
    const { log, lines } = capture({ json: true });
    log.error({ code: 'OFP_CLOSED' }, 'lost');
    const entry = JSON.parse(lines()[0]!);
    expect(entry).toEqual({
      level: 'error',
      time: expect.stringMatching(TIME),
      code: 'OFP_CLOSED',
      msg: 'lost',
    });
  });

  it('says nothing under its level', () => {
    const { log, lines } = capture({ level: 'warn' });
    log.info({}, 'unimportant');
    log.debug({}, 'less important');
    expect(lines()).toEqual(['']);
  });

  it('says what an error says, and keeps its stack for programs', () => {
    const readable = capture();
    readable.log.error({ err: new Error('it broke') }, 'failed');
    expect(readable.lines()).toEqual([expect.stringMatching(/ERROR failed err="it broke"$/)]);
    const json = capture({ json: true });
    json.log.error({ err: new Error('it broke') }, 'failed');
    expect(JSON.parse(json.lines()[0]!).err).toMatchObject({
      message: 'it broke',
      stack: expect.any(String),
    });
  });

  it('lets no message begin a line of its own or steer the terminal', () => {
    const { log, lines } = capture();
    log.info(
      { name: 'a\nb\x1b[2J', rtl: '\u202e', c1: '\x9b1m' },
      'from a switch:\r\n2026 INFO all is well\x1b[2J',
    );
    expect(lines()).toHaveLength(1);
    expect(lines()[0]).toMatch(/from a switch:\\n2026 INFO all is well\\u\{1b\}\[2J name="a\\nb\\u001b\[2J"/);
    expect(lines()[0]).toMatch(/^[\x20-\x7e]*$/);
  });

  it('goes on when nobody reads any more', () => {
    const { log, output } = capture();
    output.emit('error', new Error('EPIPE'));
    log.info({}, 'still here');
  });
});
