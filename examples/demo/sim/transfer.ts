import { createHash, randomBytes } from 'node:crypto';
import type { SoftNetwork } from '../../../src/datapath/index.ts';
import { TRANSFER_BYTES } from '../result.ts';
import type { SimPlace } from './network.ts';

const PORT = 7000;
/** Bytes of a datagram's data. */
const PIECE = 1400;

/**
 * Has a container take transfers over UDP: it acknowledges each piece, and the last one with the checksum of all and its
 * own name.
 */
export function serve({ container: { name, soft } }: SimPlace): void {
  /** By sender. */
  const pieces = new Map<string, Uint8Array[]>();
  soft.listen(PORT, ({ ipv4Src, udpSrc, data }) => {
    const number = data[0]!;
    const from = `${ipv4Src} ${udpSrc}`;
    const taken = number === 0 ? [] : (pieces.get(from) ?? []);
    pieces.set(from, taken);
    if (number === taken.length) taken.push(data.subarray(1));
    const isWhole = taken.reduce((sum, piece) => sum + piece.length, 0) === TRANSFER_BYTES;
    const answer = isWhole ? `${checksum(Buffer.concat(taken))} ${name}` : '';
    const reply = Buffer.concat([Buffer.of(number), Buffer.from(answer)]);
    soft.sendUdp({ to: ipv4Src, port: udpSrc, fromPort: PORT, data: reply });
  });
}

/** Sends {@link TRANSFER_BYTES} piece by piece. @returns who took all of them; undefined when nobody did */
export async function send(
  network: SoftNetwork,
  { container: { soft } }: SimPlace,
  to: string,
  fromPort: number,
): Promise<string | undefined> {
  const bytes = randomBytes(TRANSFER_BYTES);
  const sendPiece = (number: number) => {
    const piece = bytes.subarray(number * PIECE, (number + 1) * PIECE);
    soft.sendUdp({ to, port: PORT, fromPort, data: Buffer.concat([Buffer.of(number), piece]) });
  };
  const answered = new Promise<string>((resolve) =>
    soft.listen(fromPort, ({ data }) => {
      const answer = Buffer.from(data.subarray(1)).toString();
      if (answer === '') sendPiece(data[0]! + 1);
      else resolve(answer);
    }),
  );
  sendPiece(0);
  const answer = await Promise.race([answered, network.idle().then(() => undefined)]);
  const [sum, name] = answer?.split(' ') ?? [];
  return sum === checksum(bytes) ? name : undefined;
}

function checksum(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
