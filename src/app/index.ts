export { type ApiAddress, formatApiAddress, isLoopback, parseApiAddress } from './api/api-address.ts';
export { parseOrigin } from './api/api-guard.ts';
export { ApiServer, type ApiServerOptions, DEFAULT_API_ADDRESS } from './api/api-server.ts';
export { Feed, type FeedOptions, type FeedSource, type FeedState } from './api/feed.ts';
export { Controller, type ControllerOptions, OVSDB_PORT } from './controller.ts';
export type {
  AddressConflict,
  BridgeMode,
  EventSink,
  Membership,
  NetworkEvent,
  SeenAt,
  SeenEndpoint,
  SwitchState,
} from './events.ts';
