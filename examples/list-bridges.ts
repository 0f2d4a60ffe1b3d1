// Lists the bridges of an Open vSwitch and their ports: npx tsx examples/list-bridges.ts tcp:127.0.0.1:6640
import { OvsdbClient } from 'galago/ovsdb';
import { openVswitch } from 'galago/ovsdb/schemas';

const [method = 'unix:/var/run/openvswitch/db.sock'] = process.argv.slice(2);

async function main(): Promise<void> {
  const db = await OvsdbClient.connect(method, { schema: openVswitch });
  try {
    const replica = await db.replicate({ Bridge: ['name', 'ports'], Port: ['name', 'tag'] });
    for (const bridge of replica.Bridge) {
      console.log(bridge.name);
      for (const uuid of bridge.ports) {
        const port = replica.Port.get(uuid);
        if (port !== undefined)
          console.log(`    ${port.name}${port.tag === undefined ? '' : ` tag ${port.tag}`}`);
      }
    }
  } finally {
    await db.close();
  }
}

main().catch((error) => {
  console.error(`list-bridges: ${error.message}`);
  process.exitCode = 1;
});
