import { describe, expect, it } from '@jest/globals';
import { type ConnectionMethod, formatMethod, isPassive, parseMethod } from '../../src/net/method.ts';
import { UsageError } from '../../src/util/errors.ts';

function errorOf(run: () => unknown): UsageError {
  try {
    run();
  } catch (error) {
    if (error instanceof UsageError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

const METHODS: readonly [text: string, method: ConnectionMethod][] = [
  ['tcp:10.0.0.1:6653', { type: 'tcp', host: '10.0.0.1', port: 6653 }],
  ['tcp:controller.example:1', { type: 'tcp', host: 'controller.example', port: 1 }],
  ['ssl:[2001:db8::1]:6640', { type: 'ssl', host: '2001:db8::1', port: 6640 }],
  ['tcp:[fe80::1%eth0]:65535', { type: 'tcp', host: 'fe80::1%eth0', port: 65535 }],
  ['unix:/run/openvswitch/db.sock', { type: 'unix', path: '/run/openvswitch/db.sock' }],
  ['unix:a:b', { type: 'unix', path: 'a:b' }],
  ['ptcp:6653:0.0.0.0', { type: 'ptcp', host: '0.0.0.0', port: 6653 }],
  ['ptcp:0:127.0.0.1', { type: 'ptcp', host: '127.0.0.1', port: 0 }],
  ['pssl:6640:[::]', { type: 'pssl', host: '::', port: 6640 }],
  ['punix:br0.mgmt', { type: 'punix', path: 'br0.mgmt' }],
];

describe('parseMethod and formatMethod', () => {
  it.each(METHODS)('read and write %s', (text, method) => {
    expect(parseMethod(text)).toEqual(method);
    expect(formatMethod(method)).toBe(text);
  });

  it.each([
    ['tcp:10.0.0.1', 'tcp:10.0.0.1:6653'],
    ['tcp:10.0.0.1:', 'tcp:10.0.0.1:6653'],
    ['tcp:10.0.0.1:7', 'tcp:10.0.0.1:7'],
    ['ssl:[::1]', 'ssl:[::1]:6653'],
    ['ptcp:', 'ptcp:6653:127.0.0.1'],
    ['ptcp::0.0.0.0', 'ptcp:6653:0.0.0.0'],
    ['unix:x', 'unix:x'],
  ])('take %s with a default port for %s', (text, full) => {
    expect(formatMethod(parseMethod(text, { defaultPort: 6653 }))).toBe(full);
  });

  it('listen on loopback when no host is named', () => {
    expect(parseMethod('ptcp:6653')).toEqual({ type: 'ptcp', host: '127.0.0.1', port: 6653 });
    expect(parseMethod('pssl:6653')).toEqual({ type: 'pssl', host: '127.0.0.1', port: 6653 });
  });

  it.each([
    ['', 'expected a connection method'],
    ['tcp', "no ':' after 'tcp'"],
    ['tcp:', 'the host is empty'],
    ['tcp::6653', 'the host is empty'],
    ['tcp:10.0.0.1', 'the port is missing'],
    ['tcp:10.0.0.1:0', 'not a port from 1 to 65535'],
    ['tcp:10.0.0.1:65536', 'not a port from 1 to 65535'],
    ['tcp:10.0.0.1:6653x', "'6653x' is not a port"],
    ['tcp:10.0.0.1: 6653', "' 6653' is not a port"],
    ['tcp:10.0.0.256:6653', "'10.0.0.256' is not an IPv4 address"],
    ['tcp:::1:6653', 'an IPv6 address needs brackets'],
    ['tcp:[::1:6653', "no ']' after '['"],
    ['tcp:[::g]:6653', "'::g' is not an IPv6 address"],
    ['tcp:[10.0.0.1]:6653', "'10.0.0.1' is not an IPv6 address"],
    ['tcp:[::1]6653', "'6653' follows the ']'"],
    ['tcp:a/b:6653', "'a/b' is not a host name"],
    ['ptcp:', 'the port is missing'],
    ['ptcp:6653:', 'the host is empty'],
    ['ptcp:6653:::', 'an IPv6 address needs brackets'],
    ['ptcp:127.0.0.1:6653', "'127.0.0.1' is not a port from 0 to 65535"],
    ['unix:', 'the path is empty'],
    ['unix:a\0b', 'zero byte'],
    [`unix:${'x'.repeat(108)}`, 'the path has 108 bytes'],
  ])('refuse %j and say why', (text, why) => {
    const error = errorOf(() => parseMethod(text));
    expect(error.code).toBe('NET_METHOD_INVALID');
    expect(error.message).toContain(why);
    expect(error.message).toContain(`'${text}'`);
  });

  it.each([
    ['tpc:10.0.0.1:6653', 'tcp'],
    ['TCP:10.0.0.1:6653', 'tcp'],
    ['punx:/run/x', 'punix'],
  ])('answer %s with a suggestion', (text, suggestion) => {
    expect(errorOf(() => parseMethod(text)).message).toContain(`did you mean '${suggestion}'?`);
  });

  it('suggest nothing where nothing is near', () => {
    expect(errorOf(() => parseMethod('10.0.0.1:6653')).message).not.toContain('did you mean');
  });

  it('take no property of Object for a scheme', () => {
    expect(errorOf(() => parseMethod('constructor:1')).code).toBe('NET_METHOD_INVALID');
  });
});

describe('isPassive', () => {
  it.each(METHODS)('tells what %s is for', (text, method) => {
    expect(isPassive(method)).toBe(text.startsWith('p'));
  });
});
