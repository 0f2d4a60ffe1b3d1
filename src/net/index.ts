export { Backoff, type BackoffOptions } from './backoff.ts';
export { type DialOptions, dial } from './dial.ts';
export { type Listener, type ListenOptions, listen } from './listen.ts';
export {
  type ActiveMethod,
  type ConnectionMethod,
  formatMethod,
  isPassive,
  type ParseMethodOptions,
  type PassiveMethod,
  parseMethod,
} from './method.ts';
export { Reconnector, type ReconnectorOptions, type ReconnectorState } from './reconnect.ts';
export type { TlsFiles } from './tls.ts';
