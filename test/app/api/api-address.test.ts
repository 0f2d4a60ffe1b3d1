import { describe, expect, it } from '@jest/globals';
import { formatApiAddress, isLoopback, parseApiAddress } from '../../../src/app/api/api-address.ts';

describe('the address of the API', () => {
  it.each([
    ['127.0.0.1:8181', { host: '127.0.0.1', port: 8181 }],
    ['localhost:0', { host: 'localhost', port: 0 }],
    ['[::1]:8181', { host: '::1', port: 8181 }],
    ['controller-1.example:65535', { host: 'controller-1.example', port: 65535 }],
  ])('is read and written: %s', (text, address) => {
    expect(parseApiAddress(text)).toEqual(address);
    expect(formatApiAddress(address)).toBe(text);
  });

  it.each([
    '8181',
    ':8181',
    '127.0.0.1',
    '127.0.0.1:',
    '127.0.0.1:65536',
    '127.0.0.1:-1',
    '127.0.0.1:1e3',
    '127.0.0:80',
    '::1:8181',
    '[::1:8181',
    '[fe80::1%eth0]:80',
    '[localhost]:80',
    'a b:80',
    'http://localhost:80',
    '-x:80',
    '',
  ])("is refused: '%s'", (text) => {
    expect(() => parseApiAddress(text)).toThrow(expect.objectContaining({ code: 'API_ADDRESS_INVALID' }));
  });

  it.each(['localhost', 'LOCALHOST', '127.0.0.1', '127.255.0.9', '::1'])('is on this machine: %s', (host) => {
    expect(isLoopback(host)).toBe(true);
  });

  it.each(['0.0.0.0', '::', '192.0.2.1', '127.example', 'localhost.example', ''])(
    "may be on others: '%s'",
    (host) => {
      expect(isLoopback(host)).toBe(false);
    },
  );
});
