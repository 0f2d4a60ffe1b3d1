import type { ActionCodec } from '../codec.ts';
import { type NxController2, nxController2 } from './controller2.ts';

/** The actions of Open vSwitch's extension (ovs-actions(7)), under experimenter 0x2320. */
export type NiciraAction = NxController2;

/** A {@link NiciraAction} to be sent. */
export type NiciraActionInit = NiciraAction;

/** The codecs of {@link NiciraAction}, in the order of their subtypes. */
export const niciraActions: readonly ActionCodec[] = [nxController2];
