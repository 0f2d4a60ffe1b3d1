import { decodeMessage } from '../../ofp/message.ts';
import type { FlowMonitorRequest } from '../../ofp/multipart/flow-monitor.ts';
import type { MultipartRequest } from '../../ofp/multipart/multipart.ts';
import type { TableFeatures } from '../../ofp/multipart/table-features.ts';
import { ALL_TABLES, GroupNo, PortNo } from '../../ofp/ports.ts';
import { demand } from '../../ofp/text/check/refusal.ts';
import type { Pipeline } from '../pipeline.ts';
import { flowMatch } from '../tables/flow-match.ts';
import type { ControllerLink } from './controller-link.ts';
import type { MessageFrame } from './frame.ts';
import { partsOf } from './multipart-parts.ts';
import { multipartBody, type Self } from './statistics.ts';
import { TableNames } from './table-features.ts';

/** Answers multipart requests (OpenFlow 1.3.5, 7.3.5). */
export class MultipartDesk {
  readonly #pipeline: Pipeline;
  readonly #self: Self;
  readonly #tableNames = new TableNames();

  constructor(pipeline: Pipeline, self: Self) {
    this.#pipeline = pipeline;
    this.#self = self;
  }

  /** Answers a request once all parts of it have come. @throws Refusal */
  answer(link: ControllerLink, request: MultipartRequest, frame: MessageFrame): void {
    const { multipartType, xid } = request;
    const frames = link.multiparts.take(multipartType, frame, this.#pipeline.nowMs);
    if (frames === undefined) return;
    const body = this.#bodyOf(link, request, frames);
    for (const part of partsOf(multipartType, xid, body)) link.send(part);
  }

  #bodyOf(link: ControllerLink, request: MultipartRequest, frames: readonly MessageFrame[]): unknown {
    switch (request.multipartType) {
      case 'onfFlowMonitor':
        return link.monitors.add(bodiesOf<FlowMonitorRequest>(frames), () => this.#allFlows());
      case 'tableFeatures':
        this.#tableNames.change(bodiesOf<TableFeatures>(frames));
        return this.#tableNames.features();
      default:
        demand(frames.length === 1, 'OFPBRC_BAD_STAT', `${request.multipartType} comes in one part`);
        return multipartBody(this.#pipeline, request, this.#self);
    }
  }

  #allFlows() {
    const filter = { cookie: 0n, cookieMask: 0n, outPort: PortNo.ANY, outGroup: GroupNo.ANY };
    return this.#pipeline.tables.select(ALL_TABLES, flowMatch({}), filter);
  }
}

/** The lists that parts of one kind have, one behind the other. */
function bodiesOf<T>(frames: readonly MessageFrame[]): T[] {
  return frames.flatMap(
    ({ wire, start, end }) => (decodeMessage(wire, start, end) as { body: unknown }).body as T[],
  );
}
