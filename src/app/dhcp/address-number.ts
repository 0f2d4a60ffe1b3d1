import { readIpv4, writeIpv4 } from '../../util/ip.ts';

const SCRATCH = new DataView(new ArrayBuffer(4));
const BYTES = new Uint8Array(SCRATCH.buffer);

/** An IPv4 address as a number, which counting needs. @throws WireError `IP_INVALID` */
export function addressNumber(text: string): number {
  writeIpv4(BYTES, 0, text);
  return SCRATCH.getUint32(0);
}

/** The address that a number stands for. */
export function addressText(number: number): string {
  SCRATCH.setUint32(0, number);
  return readIpv4(BYTES, 0);
}
