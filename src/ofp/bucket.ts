import { type Action, type ActionInit, decodeActions, encodeActions } from './actions/action.ts';
import { GroupNo, PortNo } from './ports.ts';
import { need, readLength, type WireView } from './wire/wire-view.ts';
import type { Writer } from './wire/writer.ts';

/** One bucket of a group: ofp_bucket (OpenFlow 1.3.5, 7.3.4.2). */
export interface Bucket {
  /** The share of a select group's packets. */
  readonly weight: number;
  /** The port, or OFPP_ANY, whose liveness is a fast-failover bucket's. */
  readonly watchPort: number;
  /** The group, or OFPG_ANY, whose liveness is a fast-failover bucket's. */
  readonly watchGroup: number;
  readonly actions: readonly Action[];
}

/** A {@link Bucket} to be sent: weight 0 and watching nothing unless given (OpenFlow 1.3.5, 7.3.4.2). */
export interface BucketInit {
  readonly weight?: number;
  readonly watchPort?: number;
  readonly watchGroup?: number;
  readonly actions: readonly ActionInit[];
}

const HEADER_SIZE = 16;

/** Decodes the buckets that fill `start` to `end`. @throws WireError `OFP_BAD_LENGTH`, `OFP_TRUNCATED` */
export function decodeBuckets(wire: WireView, start: number, end: number): Bucket[] {
  const buckets: Bucket[] = [];
  for (let at = start; at < end; ) {
    need('a bucket', HEADER_SIZE, at, end);
    const length = readLength(wire, 'bucket', at, HEADER_SIZE, at, end);
    buckets.push({
      weight: wire.view.getUint16(at + 2),
      watchPort: wire.view.getUint32(at + 4),
      watchGroup: wire.view.getUint32(at + 8),
      actions: decodeActions(wire, at + HEADER_SIZE, at + length),
    });
    at += length;
  }
  return buckets;
}

/** Encodes buckets in the order given. */
export function encodeBuckets(writer: Writer, buckets: readonly BucketInit[]): void {
  for (const { weight = 0, watchPort = PortNo.ANY, watchGroup = GroupNo.ANY, actions } of buckets) {
    const start = writer.offset;
    writer.u16(0);
    writer.u16(weight);
    writer.u32(watchPort);
    writer.u32(watchGroup);
    writer.zeros(4);
    encodeActions(writer, actions);
    writer.patchLength(start, 0);
  }
}
