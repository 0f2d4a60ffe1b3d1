import type { FlowRemovedReason } from '../../ofp/messages/flow-removed.ts';
import type { Flow } from './flow.ts';

/** What happened to a flow; `old` is the one in whose place it is. */
export type FlowEvent =
  | { readonly type: 'added' | 'modified'; readonly flow: Flow; readonly old: Flow | undefined }
  | { readonly type: 'deleted'; readonly flow: Flow; readonly reason: FlowRemovedReason };
