import { Experimenter } from '../oxm/fields.ts';
import { type Enumerated, enumeration } from '../wire/enumeration.ts';
import {
  decodeProperties,
  encodeProperty,
  encodeUnknownProperty,
  exactBody,
  type UnknownProperty,
} from '../wire/property.ts';
import { type AsyncConfig, asyncConfigStruct } from './async-config.ts';
import { EXPERIMENTER_BODY, type ExperimenterCodec, experimenterCodec, type MessageBase } from './codec.ts';

/** NXT_SET_ASYNC_CONFIG: OFPT_SET_ASYNC before OpenFlow 1.3 had it (nicira-ext.h). */
export interface NxSetAsyncConfig extends MessageBase<'nxSetAsyncConfig'>, AsyncConfig {}

/** OFPACPT_: the messages that {@link NxSetAsyncConfig2} can ask for, by the controller's role (nicira-ext.h). */
export type AsyncMask =
  | 'packetInSlave'
  | 'packetInMaster'
  | 'portStatusSlave'
  | 'portStatusMaster'
  | 'flowRemovedSlave'
  | 'flowRemovedMaster'
  | 'roleStatusSlave'
  | 'roleStatusMaster'
  | 'tableStatusSlave'
  | 'tableStatusMaster'
  | 'requestforwardSlave'
  | 'requestforwardMaster';

/**
 * One property of {@link NxSetAsyncConfig2}: one bit of `mask` a reason (nicira-ext.h). Kinds that are not named keep
 * what they have.
 */
export type AsyncProperty = { readonly type: AsyncMask; readonly mask: number } | UnknownProperty;

/** NXT_SET_ASYNC_CONFIG2: as OpenFlow 1.4's OFPT_SET_ASYNC, with role-status and requestforward (nicira-ext.h). */
export interface NxSetAsyncConfig2 extends MessageBase<'nxSetAsyncConfig2'> {
  readonly properties: readonly AsyncProperty[];
}

const masks = enumeration<AsyncMask>('OFPACPT', {
  packetInSlave: 0,
  packetInMaster: 1,
  portStatusSlave: 2,
  portStatusMaster: 3,
  flowRemovedSlave: 4,
  flowRemovedMaster: 5,
  roleStatusSlave: 6,
  roleStatusMaster: 7,
  tableStatusSlave: 8,
  tableStatusMaster: 9,
  requestforwardSlave: 10,
  requestforwardMaster: 11,
});

/** The codec of {@link NxSetAsyncConfig}. */
export const nxSetAsyncConfig: ExperimenterCodec = experimenterCodec<NxSetAsyncConfig>({
  type: 'nxSetAsyncConfig',
  experimenter: Experimenter.NICIRA,
  expType: 19,
  size: EXPERIMENTER_BODY + asyncConfigStruct.size,
  decode: (wire, start, end, xid) => ({
    type: 'nxSetAsyncConfig',
    xid,
    ...asyncConfigStruct.decode(wire, start + EXPERIMENTER_BODY, end),
  }),
  encode: (writer, message) => asyncConfigStruct.encode(writer, message),
});

/** The codec of {@link NxSetAsyncConfig2}. */
export const nxSetAsyncConfig2: ExperimenterCodec = experimenterCodec<NxSetAsyncConfig2>({
  type: 'nxSetAsyncConfig2',
  experimenter: Experimenter.NICIRA,
  expType: 27,
  size: EXPERIMENTER_BODY,
  decode(wire, start, end, xid) {
    const properties: AsyncProperty[] = [];
    decodeProperties(wire, start + EXPERIMENTER_BODY, end, (code, body, bodyEnd) => {
      const type: Enumerated<AsyncMask> = masks.name(code);
      properties.push(
        typeof type === 'number'
          ? { type: 'unknown', code, raw: wire.bytes.subarray(body, bodyEnd) }
          : { type, mask: wire.view.getUint32(exactBody(type, body, bodyEnd, 4)) },
      );
    });
    return { type: 'nxSetAsyncConfig2', xid, properties };
  },
  encode(writer, { properties }) {
    for (const property of properties) {
      if (property.type === 'unknown') encodeUnknownProperty(writer, property);
      else encodeProperty(writer, masks.code(property.type), () => writer.u32(property.mask));
    }
  },
});
