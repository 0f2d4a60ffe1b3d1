import { describe, expect, it } from '@jest/globals';
import { readPort16, writePort16 } from '../../src/ofp/port16.ts';
import { PortNo } from '../../src/ofp/ports.ts';
import { Writer } from '../../src/ofp/wire/writer.ts';
import { codeOf } from './checks.ts';

describe('a port number of 16 bits', () => {
  it.each([
    [0, 0],
    [1, 1],
    [0xfeff, 0xfeff],
    [0xff00, PortNo.MAX],
    [0xfff8, PortNo.IN_PORT],
    [0xfffd, PortNo.CONTROLLER],
    [0xfffe, PortNo.LOCAL],
    [0xffff, PortNo.ANY],
  ])('0x%s on the wire is a port of OpenFlow 1.3', (wire, port) => {
    const writer = new Writer(2);
    writePort16(writer, port);
    expect(writer.view.getUint16(0)).toBe(wire);
    expect(readPort16(writer.view, 0)).toBe(port);
  });

  it.each([-1, 1.5, 0xff00, 0x10000, 0xfffffeff, 0x1_0000_0000, Number.NaN])('cannot be %s', (port) => {
    expect(codeOf(() => writePort16(new Writer(2), port))).toBe('OFP_BAD_VALUE');
  });
});
