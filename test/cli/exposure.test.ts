import { describe, expect, it } from '@jest/globals';
import { findExposures } from '../../src/cli/exposure.ts';

const NOTHING = { openflow: [], ovsdb: [], api: false } as const;

describe('findExposures', () => {
  it('finds nothing in what stays on this machine, or has TLS', () => {
    const openflow = [
      'ptcp:6653',
      'ptcp:6653:127.0.0.1',
      'ptcp:6653:localhost',
      'ptcp:6653:[::1]',
      'pssl:6653:0.0.0.0',
      'punix:/run/x',
      'unix:/run/x',
      'tcp:192.0.2.1',
    ];
    const ovsdb = [
      'tcp:127.0.0.1',
      'tcp:[::1]:6640',
      'ptcp:6640',
      'ssl:192.0.2.1',
      'pssl:6640:[::]',
      'unix:/run/x',
    ];
    expect(findExposures({ openflow, ovsdb, api: '[::1]:8181' })).toEqual([]);
    expect(findExposures(NOTHING)).toEqual([]);
  });

  it.each([
    [{ ...NOTHING, openflow: ['ptcp:6653:[::]', 'ptcp:6653:host.example'] }, '--openflow'],
    [{ ...NOTHING, ovsdb: ['tcp:host.example', 'ptcp::0.0.0.0'] }, '--ovsdb'],
  ])('finds plain TCP beyond loopback: %j', (endpoints, option) => {
    const found = findExposures(endpoints);
    expect(found.map((exposure) => exposure.option)).toEqual([option, option]);
    expect(found.map(({ value }) => value)).toEqual([...endpoints.openflow, ...endpoints.ovsdb]);
  });

  it('finds an API beyond loopback', () => {
    expect(findExposures({ ...NOTHING, api: 'host.example:80' })).toMatchObject([{ option: '--api' }]);
  });
});
