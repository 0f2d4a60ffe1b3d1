import { struct, text } from '../wire/struct.ts';
import { type MultipartCodec, noBody } from './codec.ts';

/** What a switch says of itself: the reply to OFPMP_DESC (OpenFlow 1.3.5, 7.3.5.1). */
export interface Description {
  readonly manufacturer: string;
  readonly hardware: string;
  readonly software: string;
  readonly serialNumber: string;
  /** For people: where it stands, for instance. */
  readonly datapath: string;
}

/** OFPMP_DESC. */
export const description: MultipartCodec = {
  type: 'desc',
  code: 0,
  request: noBody,
  reply: struct<Description>(
    'ofp_desc',
    text('manufacturer', 256),
    text('hardware', 256),
    text('software', 256),
    text('serialNumber', 32),
    text('datapath', 256),
  ),
};
