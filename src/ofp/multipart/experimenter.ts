import type { BodyCodec, MultipartCodec } from './codec.ts';

/** The body of OFPMP_EXPERIMENTER either way (OpenFlow 1.3.5, 7.3.5.15), of a kind that is not known here. */
export interface ExperimenterMultipart {
  readonly experimenter: number;
  readonly expType: number;
  readonly data: Uint8Array;
}

const body: BodyCodec<ExperimenterMultipart> = {
  size: 8,
  decode: ({ view, bytes }, start, end) => ({
    experimenter: view.getUint32(start),
    expType: view.getUint32(start + 4),
    data: bytes.subarray(start + 8, end),
  }),
  encode(writer, { experimenter, expType, data }) {
    writer.u32(experimenter);
    writer.u32(expType);
    writer.raw(data);
  },
};

/** OFPMP_EXPERIMENTER. */
export const experimenterMultipart: MultipartCodec = {
  type: 'experimenter',
  code: 0xffff,
  request: body,
  reply: body,
};
