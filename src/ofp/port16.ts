import { WireError } from '../util/errors.ts';
import type { Writer } from './wire/writer.ts';

/** OFPP_MAX of OpenFlow 1.0, from which on its 16-bit port numbers are reserved ones. */
const FIRST_RESERVED = 0xff00;
/** What lies between a reserved port's number in OpenFlow 1.0 and since 1.1. */
const RESERVED_OFFSET = 0xffff0000;

/**
 * Reads a port number of 16 bits, which Nicira's extensions kept from OpenFlow 1.0.
 * @returns the port as OpenFlow 1.3 counts it: reserved ones as in PortNo
 */
export function readPort16(view: DataView, offset: number): number {
  const port = view.getUint16(offset);
  return port < FIRST_RESERVED ? port : port + RESERVED_OFFSET;
}

/** Writes a port as {@link readPort16} reads it. @throws WireError `OFP_BAD_VALUE` when it does not fit */
export function writePort16(writer: Writer, port: number): void {
  const port16 = port < FIRST_RESERVED ? port : port - RESERVED_OFFSET;
  const fits = port < FIRST_RESERVED ? port >= 0 : port16 >= FIRST_RESERVED && port16 <= 0xffff;
  if (!fits || !Number.isInteger(port)) {
    throw new WireError('OFP_BAD_VALUE', `port ${port} has no 16-bit number, which this message needs`);
  }
  writer.u16(port16);
}
