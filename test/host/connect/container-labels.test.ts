import { describe, expect, it } from '@jest/globals';
import { readContainerLabels } from '../../../src/host/connect/container-labels.ts';

const NOTHING = { key: undefined, mac: undefined, gateway: undefined, replacesDefaultRoute: false };

describe('the labels of a container', () => {
  it('ask for nothing when none is ours', () => {
    expect(readContainerLabels({ maintainer: 'somebody', 'galago-pod': '7' })).toEqual([]);
  });

  it('ask for an interface in a pod, with an address that is free', () => {
    const expected = { pod: '7', address: 'auto', ifname: 'eth1', ...NOTHING };
    expect(readContainerLabels({ 'galago.pod': '7' })).toEqual([expected]);
  });

  it('say all that can be said of it', () => {
    const labels = {
      'galago.pod': 'shop',
      'galago.key': '4711',
      'galago.ip': '10.0.0.1/16',
      'galago.mac': '02:00:00:00:00:01',
      'galago.ifname': 'net0',
      'galago.gateway': '10.0.0.254',
      'galago.default-route': 'true',
    };
    expect(readContainerLabels(labels)).toEqual([
      {
        ...{ pod: 'shop', key: '4711', address: '10.0.0.1/16', mac: '02:00:00:00:00:01', ifname: 'net0' },
        ...{ gateway: '10.0.0.254', replacesDefaultRoute: true },
      },
    ]);
  });

  it('ask for further interfaces by their names', () => {
    const labels = {
      'galago.pod': '7',
      'galago.eth2.pod': '8',
      'galago.eth2.ip': 'dhcp',
      'galago.a.b.pod': '9',
    };
    const found = readContainerLabels(labels).map(({ pod, ifname, address }) => [pod, ifname, address]);
    expect(found).toEqual([
      ['7', 'eth1', 'auto'],
      ['8', 'eth2', 'dhcp'],
      ['9', 'a.b', 'auto'],
    ]);
  });

  it.each([
    [{ 'galago.pdo': '7' }, /'galago\.pdo' means nothing; did you mean pod\?/],
    [{ 'galago.ip': '10.0.0.1' }, /galago\.ip needs galago\.pod beside it/],
    [{ 'galago.pod': '7', 'galago.eth2.ip': '10.0.0.1' }, /galago\.eth2\.ip needs galago\.eth2\.pod/],
    [{ 'galago.eth2.pod': '7', 'galago.eth2.ifname': 'x' }, /galago\.eth2\.ifname has the name in it/],
    [{ 'galago.pod': '7', 'galago.eth1.pod': '8' }, /two interfaces are called eth1/],
    [
      { 'galago.pod': '7', 'galago.default-route': 'yes' },
      /galago\.default-route is true or false, got 'yes'/,
    ],
    [
      Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`galago.if${i}.pod`, '7'])),
      /17 interfaces, at most 16/,
    ],
  ])('are refused when they cannot be: %o', (labels, message) => {
    const refusal = expect.objectContaining({
      code: 'HOST_LABEL_INVALID',
      message: expect.stringMatching(message),
    });
    expect(() => readContainerLabels(labels)).toThrow(refusal);
  });
});
