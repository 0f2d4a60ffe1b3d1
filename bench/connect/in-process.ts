import { createInterface } from 'node:readline';
import { connectContainer } from '../../src/host/connect/connect.ts';
import { findTarget } from '../../src/host/connect/target.ts';
import { HostDatabase } from '../../src/host/database.ts';

// Runs in a host's namespace: for each line `CONTAINER IP/PREFIX MAC KEY` it connects that container as the command does,
// and answers with the name of the port.
const db = await HostDatabase.open(process.argv[2]!);
for await (const line of createInterface({ input: process.stdin })) {
  const [container, ip, mac, key] = line.split(' ') as [string, string, string, string];
  console.log(await connect(container, ip, mac, Number(key)));
}
await db.close();

async function connect(container: string, ip: string, mac: string, key: number): Promise<string> {
  const pod = { name: `${key - 0x10000}`, key, isKeyNeeded: false };
  const request = {
    target: await findTarget(container, '/var/run/docker.sock'),
    settings: {
      ...{ pod, ip, mac, ifname: 'eth1', isInternal: false, gateway: undefined },
      ...{ replacesDefaultRoute: false, mtu: undefined },
    },
    bridge: undefined,
  };
  const { plan } = await connectContainer(db, request);
  await db.flowsFollow(plan.bridge.name, 5000);
  return plan.wiring.port;
}
