import { type Answer, type HostNamed, type Named, type Reach, TRANSFER_BYTES } from './result.ts';

/** What transfers run over. */
type Transport = 'TCP' | 'UDP';

const isTerminal = process.stdout.isTTY === true && process.env.NO_COLOR === undefined;
const WIDTH = 10;

/** Prints what is being built. */
export function printHeading(what = 'an Open vSwitch'): void {
  console.log(`Two hosts, each with ${what} of its own, and VXLAN between them:\n`);
}

/** Prints what there is. */
export function printNetwork(network: { hosts: readonly HostNamed[]; places: readonly Named[] }): void {
  const { hosts, places } = network;
  for (const host of hosts) console.log(`  ${host.name}  ${host.bridge}  tunnels end at ${host.ip}`);
  console.log('\nSix containers in two pods, which use the same addresses, and one MAC address twice:\n');
  console.log(`  ${columns('host', 'name', 'pod')}${'MAC'.padEnd(19)}${columns('shared IP', 'own IP')}`);
  for (const { container, host, pod, ownIp, sharedIp } of places) {
    const { name, mac } = container;
    console.log(`  ${columns(host.name, name, pod)}${mac.padEnd(19)}${columns(sharedIp, ownIp)}`.trimEnd());
  }
}

/** Prints who reached whom; what was not expected is marked and named. */
export function printReach(
  places: readonly Named[],
  reaches: readonly Reach[],
  over: Transport = 'TCP',
): void {
  const what = `by ping, and over ${over} with ${TRANSFER_BYTES / 1024} KiB and their checksum`;
  console.log(`\nWho reached whom at its own address, ${what}:\n`);
  console.log(`  ${columns('', ...places.map(nameOf))}`.trimEnd());
  for (const from of places) {
    const cells = places.map((to) => {
      const reach = reaches.find((one) => one.from === from && one.to === to);
      return reach === undefined ? columns('.') : judged(reachText(reach, over), reach.isRight);
    });
    console.log(`  ${columns(nameOf(from))}${cells.join('')}`.trimEnd());
  }
  printSum(reaches, 'everybody in the same pod, and nobody else');
  for (const { from, to, expected } of reaches.filter(({ isRight }) => !isRight)) {
    console.log(`  wrong: ${nameOf(from)} ${expected ? 'must' : 'must not'} reach ${nameOf(to)}`);
  }
}

/** Prints who answered at the addresses that both pods use. */
export function printAnswers(
  places: readonly Named[],
  answers: readonly Answer[],
  over: Transport = 'TCP',
): void {
  const addresses = [...new Set(places.map(({ sharedIp }) => sharedIp))];
  console.log(`\nWho answered over ${over} at the addresses that both pods use:\n`);
  console.log(`  ${columns('', ...addresses)}`.trimEnd());
  for (const from of places) {
    const cells = addresses.map((address) => {
      const answer = answers.find((one) => one.from === from && one.to.sharedIp === address);
      return answer === undefined ? columns('.') : judged(answer.who ?? 'nobody', answer.isRight);
    });
    console.log(`  ${columns(nameOf(from))}${cells.join('')}`.trimEnd());
  }
  printSum(answers, 'the one in the own pod');
  for (const { from, to, who } of answers.filter(({ isRight }) => !isRight)) {
    console.log(`  wrong: ${nameOf(to)} must answer ${nameOf(from)}, not ${who ?? 'nobody'}`);
  }
}

/** Prints what the first packet costs. */
export function printLatency(
  { from, to }: { readonly from: Named; readonly to: Named },
  { firstMs, secondMs }: { readonly firstMs: number | undefined; readonly secondMs: number | undefined },
): void {
  const between = `${nameOf(from)} on ${from.host.name} and ${nameOf(to)} on ${to.host.name}`;
  console.log(`\nFirst ping between ${between}, with ARP and learning: ${milliseconds(firstMs)}`);
  console.log(`Second ping: ${milliseconds(secondMs)}`);
}

/** Prints how many flows each switch has. */
export function printCounts(counts: readonly { readonly host: HostNamed; readonly flows: number }[]): void {
  for (const { host, flows } of counts) console.log(`Flows of ${host.bridge} on ${host.name}: ${flows}`);
}

/** Prints how it went, and returns whether it went well. */
export function printVerdict(wrong: number, durationMs: number): boolean {
  const verdict = wrong === 0 ? good('All as expected') : bad(`${wrong} results are not as expected`);
  console.log(`\n${verdict}, in ${(durationMs / 1000).toFixed(1)} s.`);
  return wrong === 0;
}

function printSum(results: readonly { readonly isRight: boolean }[], expected: string): void {
  const right = results.filter(({ isRight }) => isRight).length;
  console.log(`\n  ${right} of ${results.length} as expected: ${expected}.`);
}

function reachText({ byPing, byTransfer }: Reach, over: Transport): string {
  if (!byPing && !byTransfer) return '-';
  return [...(byPing ? ['ping'] : []), ...(byTransfer ? [over.toLowerCase()] : [])].join('+');
}

/** A cell, marked also where there are no colours. */
function judged(text: string, isRight: boolean): string {
  return isRight ? good(columns(text)) : bad(columns(`!${text}`));
}

function columns(...texts: readonly string[]): string {
  return texts.map((text) => text.padEnd(WIDTH)).join('');
}

function nameOf({ container }: Named): string {
  return container.name;
}

function milliseconds(ms: number | undefined): string {
  return ms === undefined ? 'lost' : `${ms.toFixed(2)} ms`;
}

function good(text: string): string {
  return isTerminal ? `\x1b[32m${text}\x1b[0m` : text;
}

function bad(text: string): string {
  return isTerminal ? `\x1b[31m${text}\x1b[0m` : text;
}
