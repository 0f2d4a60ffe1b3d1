import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { connectSwitch } from 'galago/ofp';
import type { Host } from '../../test/lab/index.ts';
import type { Place } from './network.ts';
import { type Answer, type Reach, TRANSFER_BYTES } from './result.ts';

const PORT = 7000;
/** Long enough for a slow machine. Who is not there is found out sooner: nobody answers ARP. */
const TIMEOUT_MS = 15_000;

/** Every container tries to reach every other, by ping and over TCP, at the address that only that one has. */
export async function reachAll(places: readonly Place[]): Promise<Reach<Place>[]> {
  await Promise.all(places.map(serve));
  const pairs = places.flatMap((from) => places.filter((to) => to !== from).map((to) => ({ from, to })));
  return Promise.all(
    pairs.map(async ({ from, to }) => {
      const expected = from.pod === to.pod;
      const [byPing, who] = await Promise.all([ping(from, to, expected), send(from, to.ownIp)]);
      const byTransfer = who === to.container.name;
      const isRight = byPing === expected && byTransfer === expected;
      return { from, to, byPing, byTransfer, expected, isRight };
    }),
  );
}

/** Every container sends to the addresses of the others in its pod, which the other pod uses as well. */
export async function askSharedAddresses(places: readonly Place[]): Promise<Answer<Place>[]> {
  const pairs = places.flatMap((from) =>
    places.filter((to) => to.pod === from.pod && to !== from).map((to) => ({ from, to })),
  );
  return Promise.all(
    pairs.map(async ({ from, to }) => {
      const who = await send(from, to.sharedIp);
      return { from, to, who, isRight: who === to.container.name };
    }),
  );
}

/** Round trips of the first two pings, in milliseconds; undefined where there was none. */
export async function firstAndSecond({ from, to }: { readonly from: Place; readonly to: Place }) {
  const first = await from.container.ping(to.ownIp, { timeoutSec: 2 });
  const second = await from.container.ping(to.ownIp, { timeoutSec: 2 });
  return { firstMs: first.rttMs[0], secondMs: second.rttMs[0] };
}

/** How many flows a host's bridge has, asked with the library. */
export async function countFlows(host: Host): Promise<number> {
  await using session = await connectSwitch(`unix:${host.ovs.mgmt(host.bridge)}`);
  return (await session.multipart('aggregate')).flowCount;
}

/** Whether a ping is answered; where it should be, the machine is given time. */
async function ping(from: Place, to: Place, expected: boolean): Promise<boolean> {
  const end = performance.now() + (expected ? TIMEOUT_MS : 0);
  do {
    const pings = { count: 3, intervalSec: 0.2, timeoutSec: 1 };
    if ((await from.container.ping(to.ownIp, pings)).received > 0) return true;
  } while (performance.now() < end);
  return false;
}

/** Has a container take {@link TRANSFER_BYTES} at any of its addresses and answer with their checksum and its name. */
async function serve({ container }: Place): Promise<void> {
  const server = await container.listen({ host: '0.0.0.0', port: PORT });
  server.on('connection', (socket) => {
    const hash = createHash('sha256');
    let size = 0;
    socket.on('data', (chunk) => {
      hash.update(chunk);
      size += chunk.length;
      if (size === TRANSFER_BYTES) socket.end(`${hash.digest('hex')} ${container.name}`);
    });
  });
}

/** Who got what was sent, all of it; undefined when nobody did. */
async function send(from: Place, host: string): Promise<string | undefined> {
  let socket: Socket;
  try {
    socket = await from.container.connect({ host, port: PORT }, { timeoutMs: TIMEOUT_MS });
  } catch {
    return undefined;
  }
  const bytes = randomBytes(TRANSFER_BYTES);
  const closed = once(socket, 'close', { signal: AbortSignal.timeout(TIMEOUT_MS) });
  socket.write(bytes);
  try {
    const [reply] = await Promise.all([text(socket), closed]);
    const [checksum, name] = reply.split(' ');
    return checksum === createHash('sha256').update(bytes).digest('hex') ? name : undefined;
  } catch {
    return undefined;
  } finally {
    socket.destroy();
  }
}
