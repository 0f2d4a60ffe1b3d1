import { describe, expect, it } from '@jest/globals';
import { HostDatabase, requireBridgeOpen } from '../../src/host/database.ts';
import { OvsdbTestServer } from '../../src/ovsdb/index.ts';
import { openVswitch } from '../../src/ovsdb/schemas/open-vswitch.ts';

/** A database whose only interface is as given. */
function withInterface(row: object): HostDatabase {
  return { interface: () => row } as unknown as HostDatabase;
}

describe('requireBridgeOpen', () => {
  it('takes a bridge whose interface has a port number', () => {
    expect(() => requireBridgeOpen(withInterface({ ofport: 65_534 }), 'br0', false)).not.toThrow();
  });

  it.each([
    [
      false,
      'the switch could not open br0: it says nothing of it; where the kernel has no module .* --usermode$',
    ],
    [true, 'the switch could not open br0: it says nothing of it$'],
  ])('says what the kernel may lack, unless it is not needed: usermode %s', (isUserspace, message) => {
    expect(() => requireBridgeOpen(withInterface({}), 'br0', isUserspace)).toThrow(
      expect.objectContaining({ code: 'HOST_PORT_FAILED', message: expect.stringMatching(message) }),
    );
  });
});

describe('locked', () => {
  it('has those of a process take turns, whatever becomes of the one before', async () => {
    await using server = new OvsdbTestServer(openVswitch);
    server.transact([{ op: 'insert', table: 'Open_vSwitch', row: {} }]);
    await using db = await HostDatabase.open(await server.listen('ptcp:0:127.0.0.1'));
    const said: string[] = [];
    const begun = (name: string) => said.push(`${name} begins`);
    const first = db.locked(async () => {
      begun('first');
      // Whoever had the lock as well would be as fast.
      for (let i = 0; i < 10; i++) await db.write('nothing', () => {});
      said.push('first fails');
      throw new Error('first');
    });
    const second = db.locked(async () => begun('second'));
    await expect(first).rejects.toThrow('first');
    await second;
    expect(said).toEqual(['first begins', 'first fails', 'second begins']);
  });
});
