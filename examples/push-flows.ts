// Pushes flows as fast as a switch takes them, and says how fast that was.
//
//   npx tsx examples/push-flows.ts METHOD [COUNT [TABLE]]
//
// METHOD is a bridge's own socket, as unix:/var/run/openvswitch/br0.mgmt, or where a switch listens: tcp:HOST:PORT.
import { connectSwitch, output, PortNo } from 'galago/ofp';

const [method = 'unix:/var/run/openvswitch/br0.mgmt', count = '10000', table = '0'] = process.argv.slice(2);
await using sw = await connectSwitch(method);

const refusals = new Map<string, number>();
sw.on('requestError', ({ error }) => refusals.set(error.code, (refusals.get(error.code) ?? 0) + 1));

const start = performance.now();
for (let i = 0; i < Number(count); i++) {
  const ipv4Dst = `10.${(i >> 16) & 0xff}.${(i >> 8) & 0xff}.${i & 0xff}`;
  const hasRoom = sw.send({
    type: 'flowMod',
    command: 'add',
    tableId: Number(table),
    cookie: i,
    match: { ethType: 0x0800, ipv4Dst },
    instructions: [{ type: 'applyActions', actions: [output(PortNo.IN_PORT)] }],
  });
  if (!hasRoom) await sw.drained();
}
await sw.barrier();
const seconds = (performance.now() - start) / 1000;

console.log(`${count} flows in ${seconds.toFixed(2)} s, ${Math.round(Number(count) / seconds)} a second`);
for (const [name, times] of refusals) console.log(`${name} ${times} times`);
process.exitCode = refusals.size > 0 ? 1 : 0;
