import { describe, expect, it } from '@jest/globals';
import { encodeActions } from '../../../src/ofp/actions/action.ts';
import { decode, encode } from '../../../src/ofp/message.ts';
import { formatActions } from '../../../src/ofp/text/index.ts';
import { Writer } from '../../../src/ofp/wire/writer.ts';
import { type ActionFixture, actionFixtures, actionsOf } from '../action-fixtures.ts';
import { codeOf, survives } from '../checks.ts';

describe.each([...actionFixtures.openflow13, ...actionFixtures.deletions])('the flow $text', ({ hex }) => {
  const bytes = Buffer.from(hex, 'hex');

  it('is decoded and encoded back', () => {
    expect(encode(decode(bytes)).equals(bytes)).toBe(true);
  });

  it('has nothing in it that is not known', () => {
    expect(JSON.stringify(decode(bytes))).not.toContain('unknown');
  });

  it('is refused when cut short', () => {
    for (let size = 0; size < bytes.length; size++) {
      expect(codeOf(() => decode(bytes.subarray(0, size)))).toMatch(/^OFP_/);
    }
  });

  it('is refused or read otherwise when any byte of it is another', () => {
    for (let at = 8; at < bytes.length; at++) {
      for (const value of [0, 0xff, bytes[at]! ^ 1, bytes[at]! ^ 0x80]) {
        const corrupt = Buffer.from(bytes);
        corrupt[at] = value;
        survives(corrupt);
      }
    }
  });
});

describe.each([...actionFixtures.openflow11, ...actionFixtures.openflow10])(
  'the actions of $text over an older version',
  ({ hex }) => {
    it('are decoded and encoded back', () => {
      expect(encodedBack(hex)).toBe(hex);
    });

    it('have nothing in them that is not known', () => {
      expect(JSON.stringify(actionsOf(hex))).not.toContain('unknown');
    });

    it('are refused when cut short within an action', () => {
      for (let size = 2; size < hex.length; size += 2) {
        const cut = hex.slice(0, size);
        const code = codeOf(() => actionsOf(cut));
        if (code === undefined) expect(encodedBack(cut)).toBe(cut);
        else expect(code).toMatch(/^OFP_/);
      }
    });
  },
);

describe('the actions that ovs-ofctl sends over OpenFlow 1.0 only', () => {
  const labelled = actionFixtures.openflow10.filter(({ text }) => /mpls|group/.test(text));

  it.each(labelled)('are written as they were read: $text', ({ text, hex }) => {
    const written = formatActions(actionsOf(hex)).replace(/\((\d+)\)/, ':$1');
    expect(written).toBe(text.replace(/^.*actions=/, ''));
  });

  it('are there', () => {
    expect(labelled).toHaveLength(7);
  });
});

describe('the actions of OpenFlow 1.1 that set-field replaced', () => {
  const meaning: readonly (readonly [text: string, action: unknown])[] = [
    ['mod_vlan_vid:5', { type: 'setVlanVid', vlanVid: 5 }],
    ['mod_vlan_pcp:3', { type: 'setVlanPcp', vlanPcp: 3 }],
    ['mod_dl_src:00:11:22:33:44:55', { type: 'setDlSrc', dlAddr: '00:11:22:33:44:55' }],
    ['mod_dl_dst:00:11:22:33:44:55', { type: 'setDlDst', dlAddr: '00:11:22:33:44:55' }],
    ['mod_nw_src:192.0.2.1', { type: 'setNwSrc', nwAddr: '192.0.2.1' }],
    ['mod_nw_dst:192.0.2.2', { type: 'setNwDst', nwAddr: '192.0.2.2' }],
    ['mod_nw_tos:184', { type: 'setNwTos', nwTos: 184 }],
    ['mod_nw_ecn:2', { type: 'setNwEcn', nwEcn: 2 }],
    ['mod_tp_src:80', { type: 'setTpSrc', tpPort: 80 }],
    ['mod_tp_dst:53', { type: 'setTpDst', tpPort: 53 }],
    ['set_mpls_label:5', { type: 'setMplsLabel', mplsLabel: 5 }],
    ['set_mpls_tc:3', { type: 'setMplsTc', mplsTc: 3 }],
  ];

  it.each(meaning)('%s is decoded', (text, action) => {
    expect(actionsOf(find(actionFixtures.openflow11, text).hex).at(-1)).toEqual(action);
  });
});

function find(fixtures: readonly ActionFixture[], text: string): ActionFixture {
  return fixtures.find((fixture) => fixture.text.endsWith(`actions=${text}`))!;
}

function encodedBack(hex: string): string {
  const writer = new Writer();
  encodeActions(writer, actionsOf(hex));
  return writer.bytes.toString('hex', 0, writer.offset);
}
