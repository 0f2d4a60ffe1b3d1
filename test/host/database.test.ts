import { describe, expect, it } from '@jest/globals';
import { type HostDatabase, requireBridgeOpen } from '../../src/host/database.ts';

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
