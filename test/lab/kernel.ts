import { eventually } from './eventually.ts';
import type { Container, Host } from './index.ts';

/**
 * What of the words that a container sends to its host's own address arrives there, by whatever way. What the host
 * itself says comes last.
 */
export async function heardByHost(
  host: Host,
  container: Container,
  words: readonly string[],
): Promise<readonly string[]> {
  const arrived: string[] = [];
  const listening = await host.bindUdp({ host: host.ip, port: PORT });
  listening.on('message', (message) => arrived.push(`${message}`));
  const speaker = await container.bindUdp({ host: '0.0.0.0', port: 0 });
  const own = await host.bindUdp({ host: host.ip, port: 0 });
  const send = (socket: typeof own, word: string) =>
    new Promise((resolve) => socket.send(word, PORT, host.ip, resolve));
  for (const word of words) await send(speaker, word);
  await send(own, OWN);
  await eventually(() => arrived.includes(OWN), { what: "the host's own word" });
  await Promise.all(
    [listening, speaker, own].map((socket) => new Promise<void>((done) => socket.close(done))),
  );
  return arrived.filter((word) => word !== OWN);
}

/** Has a container send what is for its host to the other end of its interface. */
export async function sendToOuterEnd(
  host: Host,
  container: Container,
  { ifname, port }: { readonly ifname: string; readonly port: string },
): Promise<void> {
  const [{ address }] = JSON.parse(await host.exec('ip', ['-json', 'link', 'show', 'dev', port]));
  const there = ['dev', ifname];
  await container.exec('ip', ['route', 'replace', `${host.ip}/32`, ...there]);
  await container.exec('ip', ['neigh', 'replace', host.ip, 'lladdr', address, ...there, 'nud', 'permanent']);
}

const PORT = 5000;
const OWN = "the host's own";
