import { describe, expect, it } from '@jest/globals';
import { type Endpoint, isEndpointOf, isPortName, portName } from '../../../src/host/connect/endpoint.ts';
import { ENCAPSULATIONS, encapsulationOf } from '../../../src/host/setup/encapsulation.ts';
import { endpointMtu } from '../../../src/host/setup/settings.ts';

describe('the name of a port', () => {
  it('is the same for a container and its interface, fits, and differs from others', () => {
    const names = [portName('netns:a', 'eth1'), portName('netns:a', 'eth2'), portName('netns:b', 'eth1')];
    expect(new Set(names).size).toBe(3);
    expect(portName('netns:a', 'eth1')).toBe(names[0]);
    for (const name of names) expect(name.length).toBeLessThanOrEqual(15);
    expect(names.every(isPortName)).toBe(true);
    expect(isPortName('gal-uplink')).toBe(false);
  });
});

describe('an endpoint', () => {
  const id = 'abcdef0123456789'.repeat(4);
  const endpoint = (container: string, name: string): Endpoint => ({
    ...{ port: 'gal-0123456789', bridge: 'br-int', ofport: 1, error: undefined, isInternal: false },
    externalIds: new Map([
      ['galago-container', container],
      ['galago-name', name],
    ]),
  });

  it("is a Docker container's by its name or its id, also when that is shortened", () => {
    const web = endpoint(`docker:${id}`, 'web');
    for (const text of ['web', 'docker:web', id, `docker:${id}`, id.slice(0, 12)]) {
      expect({ text, isIt: isEndpointOf(web, text) }).toEqual({ text, isIt: true });
    }
    for (const text of ['', 'we', id.slice(0, 11), 'netns:web', id.slice(1, 20)])
      expect({ text, isIt: isEndpointOf(web, text) }).toEqual({ text, isIt: false });
  });

  it("is a namespace's or a process's by exactly its name", () => {
    expect(isEndpointOf(endpoint('netns:blue', 'netns:blue'), 'netns:blue')).toBe(true);
    expect(isEndpointOf(endpoint('netns:blue', 'netns:blue'), 'blue')).toBe(false);
    expect(isEndpointOf(endpoint('pid:47', 'pid:47'), 'pid:4')).toBe(false);
  });
});

describe('an encapsulation', () => {
  it('is found by its name alone', () => {
    expect(encapsulationOf('vxlan')).toBe(ENCAPSULATIONS.vxlan);
    expect(encapsulationOf('toString')).toBeUndefined();
    expect(encapsulationOf(undefined)).toBeUndefined();
  });

  it.each([
    ['vxlan', 1450, 1430],
    ['geneve', 1450, 1430],
    ['gre', 1458, 1438],
  ] as const)('leaves room beside its heads: %s', (type, ipv4, ipv6) => {
    const mtu = (localIp: string) =>
      endpointMtu({ underlayMtu: 1500, encapsulation: ENCAPSULATIONS[type], localIp });
    expect([mtu('192.0.2.1'), mtu('2001:db8::1')]).toEqual([ipv4, ipv6]);
  });
});
