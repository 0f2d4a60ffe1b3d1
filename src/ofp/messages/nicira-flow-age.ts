import { Experimenter } from '../oxm/fields.ts';
import { bareExperimenter, type ExperimenterCodec, type MessageBase } from './codec.ts';

/**
 * NXT_FLOW_AGE: asks for ages in NXST_FLOW replies, which OpenFlow 1.3 has none of; taken and without effect
 * (nicira-ext.h).
 */
export type NxFlowAge = MessageBase<'nxFlowAge'>;

/** The codec of {@link NxFlowAge}. */
export const nxFlowAge: ExperimenterCodec = bareExperimenter('nxFlowAge', Experimenter.NICIRA, 18);
