import { describe, expect, it } from '@jest/globals';
import { guard, parseOrigin } from '../../../src/app/api/api-guard.ts';

const OPTIONS = { host: '127.0.0.1', allowedOrigins: ['https://console.example'] };

function refusal(headers: { host?: string; origin?: string }, options = OPTIONS, localAddress = '127.0.0.1') {
  return guard({ headers, localAddress }, options)?.code;
}

describe('guard', () => {
  it.each(['localhost', 'LocalHost:8181', '127.0.0.1:8181', '127.9.9.9', '[::1]:8181'])(
    'takes the host %s',
    (host) => {
      expect(refusal({ host })).toBeUndefined();
    },
  );

  it.each([
    'evil.example',
    'evil.example:8181',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '127.evil.example',
    'evil.example@localhost',
    'localhost/',
    '192.0.2.1:8181',
    '[::2]',
    '::1',
    '',
    'localhost:port',
  ])("refuses the host '%s'", (host) => {
    expect(refusal({ host })).toBe('API_HOST_REFUSED');
  });

  it('refuses a request without a host', () => {
    expect(refusal({})).toBe('API_HOST_REFUSED');
  });

  it('takes the name that is listened on', () => {
    const options = { ...OPTIONS, host: 'Controller.example' };
    expect(refusal({ host: 'controller.example:8181' }, options)).toBeUndefined();
  });

  it('takes the address that the request came in on, when every one is listened on', () => {
    const options = { ...OPTIONS, host: '0.0.0.0' };
    expect(refusal({ host: '192.0.2.1:8181' }, options, '192.0.2.1')).toBeUndefined();
    expect(refusal({ host: '192.0.2.1:8181' }, options, '::ffff:192.0.2.1')).toBeUndefined();
    expect(refusal({ host: '[2001:db8::1]:8181' }, options, '2001:db8::1')).toBeUndefined();
    expect(refusal({ host: '192.0.2.2:8181' }, options, '192.0.2.1')).toBe('API_HOST_REFUSED');
    expect(refusal({ host: 'evil.example:8181' }, options, '192.0.2.1')).toBe('API_HOST_REFUSED');
  });

  it.each([
    ['127.0.0.1:8181', 'http://127.0.0.1:8181'],
    ['localhost:8181', 'http://localhost:8181'],
    ['localhost', 'http://localhost'],
    ['[::1]:8181', 'http://[::1]:8181'],
    ['127.0.0.1:8181', 'https://console.example'],
  ])('lets a request to %s come from pages of %s', (host, origin) => {
    expect(refusal({ host, origin })).toBeUndefined();
  });

  it.each([
    ['127.0.0.1:8181', 'http://evil.example'],
    ['127.0.0.1:8181', 'http://127.0.0.1:3000'],
    ['127.0.0.1:8181', 'http://127.0.0.1'],
    ['127.0.0.1:8181', 'http://localhost:8181'],
    ['127.0.0.1:8181', 'http://console.example'],
    ['127.0.0.1:8181', 'https://console.example.evil.example'],
    ['127.0.0.1:8181', 'null'],
    ['127.0.0.1:8181', ''],
    ['127.0.0.1:8181', 'http://127.0.0.1:8181, http://evil.example'],
  ])("refuses a request to %s from pages of '%s'", (host, origin) => {
    expect(refusal({ host, origin })).toBe('API_ORIGIN_REFUSED');
  });
});

describe('parseOrigin', () => {
  it.each(['https://console.example', 'http://localhost:3000', 'http://[::1]:3000'])('takes %s', (text) => {
    expect(parseOrigin(text)).toBe(text);
  });

  it.each([
    'console.example',
    'https://console.example/',
    'https://Console.example',
    'http://a:80',
    '*',
    'null',
    '',
  ])("refuses '%s', which no browser sends", (text) => {
    expect(() => parseOrigin(text)).toThrow(expect.objectContaining({ code: 'API_ORIGIN_INVALID' }));
  });
});
