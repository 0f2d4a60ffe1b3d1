import { describe, expect, it } from '@jest/globals';
import Long from 'long';
import { decode, encode } from '../../../src/ofp/message.ts';
import { isPortUp, type Port, PortConfig, PortState } from '../../../src/ofp/port.ts';
import { bytesOf, codeOf } from '../checks.ts';
import { fixture, fixturesOf } from '../fixtures.ts';
import { numbersIn, replyOf, requestOf } from './bodies.ts';

/** A port number as Open vSwitch prints it. */
function printedPort(text: string): number {
  return text === 'LOCAL' ? 0xfffffffe : Number(text);
}

describe('port statistics', () => {
  it.each(fixturesOf('OFPST_PORT reply'))(
    'are those that Open vSwitch prints ($name)',
    ({ bytes, print }) => {
      const ports = replyOf('portStats', bytes);
      const counted = (side: string) => numbersIn(print, new RegExp(`${side} pkts=(\\d+)`, 'g'));
      expect(ports.map(({ portNo }) => portNo)).toEqual(
        [...print.matchAll(/port +(\w+):/g)].map(([, name]) => printedPort(name!)),
      );
      expect(ports.map(({ rxPackets }) => rxPackets.toNumber())).toEqual(counted('rx'));
      expect(ports.map(({ txPackets }) => txPackets.toNumber())).toEqual(counted('tx'));
      expect(ports.map(({ durationSec }) => durationSec)).toEqual(numbersIn(print, /duration=(\d+)\./g));
    },
  );

  it('have all ones for a counter that the switch does not keep', () => {
    const { bytes, print } = fixture('OFPST_PORT reply: dump-ports');
    const unkept = replyOf('portStats', bytes).filter(({ rxDropped }) =>
      rxDropped.eq(Long.MAX_UNSIGNED_VALUE),
    );
    expect(unkept.length).toBe(print.split('over=?').length - 1);
  });

  it('are asked for by port', () => {
    expect(requestOf('portStats', fixture('OFPST_PORT request: dump-ports (2)').bytes)).toEqual({
      portNo: 1,
    });
  });

  it('are written in the order of the specification', () => {
    const counters = ['rxPackets', 'txPackets', 'rxBytes', 'txBytes', 'rxDropped', 'txDropped'] as const;
    const errors = ['rxErrors', 'txErrors', 'rxFrameErr', 'rxOverErr', 'rxCrcErr', 'collisions'] as const;
    const numbered = Object.fromEntries([...counters, ...errors].map((name, index) => [name, index + 2]));
    const row = { portNo: 1, durationSec: 14, durationNsec: 15, ...numbered } as never;
    const bytes = encode({ type: 'multipartReply', multipartType: 'portStats', body: [row] });
    const words = Array.from({ length: 12 }, (_, index) => (index + 2).toString(16).padStart(16, '0'));
    const hex = `04130080 00000000 0004 0000 00000000 00000001 00000000 ${words.join('')} 0000000e 0000000f`;
    expect(bytes.equals(bytesOf(hex))).toBe(true);
  });

  it('are refused when the last entry is cut', () => {
    const { bytes } = fixture('OFPST_PORT reply: dump-ports');
    bytes.writeUInt16BE(bytes.length - 1, 2);
    expect(codeOf(() => decode(bytes))).toBe('OFP_TRUNCATED');
  });
});

describe('port descriptions', () => {
  it.each(fixturesOf('OFPST_PORT_DESC reply'))(
    'are those that Open vSwitch prints ($name)',
    ({ bytes, print }) => {
      // Open vSwitch sorts them by number before it prints them.
      const ports = replyOf('portDesc', bytes).toSorted((a, b) => a.portNo - b.portNo);
      const printed = [...print.matchAll(/^ (\w+)\((\w+)\): addr:(\S+)/gm)];
      expect(ports.map(({ portNo, name, hwAddr }) => ({ portNo, name, hwAddr }))).toEqual(
        printed.map(([, portNo, name, hwAddr]) => ({ portNo: printedPort(portNo!), name, hwAddr })),
      );
      expect(ports.filter(isPortUp).length).toBe(print.split('LIVE').length - 1);
      expect(ports.map(({ currSpeed }) => currSpeed / 1000)).toEqual(
        numbersIn(print, /speed: (\d+) Mbps now/g),
      );
    },
  );
});

describe('isPortUp', () => {
  const port = (config: number, state: number) => ({ config, state }) as Port;

  it.each([
    ['with a link and no orders', 0, PortState.LIVE, true],
    ['blocked, which is no lack of a link', 0, PortState.BLOCKED, true],
    ['without a link', 0, PortState.LINK_DOWN, false],
    ['ordered down', PortConfig.PORT_DOWN, PortState.LIVE, false],
    ['ordered not to flood', PortConfig.NO_FWD, 0, true],
  ])('judges a port %s', (_what, config, state, up) => {
    expect(isPortUp(port(config, state))).toBe(up);
  });
});
