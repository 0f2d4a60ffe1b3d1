import type { ActionCodec } from '../codec.ts';
import { type NxBareAction, nxBareActions } from './bare.ts';
import { type NxClone, type NxCloneInit, nxClone } from './clone.ts';
import { type NxConjunction, nxConjunction } from './conjunction.ts';
import { type NxCt, type NxCtInit, nxCt } from './conntrack.ts';
import {
  type NxController,
  type NxControllerInit,
  type NxDecTtlCntIds,
  nxController,
  nxDecTtlCntIds,
} from './controller.ts';
import { type NxController2, nxController2 } from './controller2.ts';
import { type NxDecap, type NxEncap, type NxEncapInit, nxDecap, nxEncap } from './encap.ts';
import { type NxFinTimeout, nxFinTimeout } from './fin-timeout.ts';
import {
  type NxLearn,
  type NxLearn2,
  type NxLearn2Init,
  type NxLearnInit,
  nxLearn,
  nxLearn2,
} from './learn.ts';
import { type NxMetadataAction, type NxMetadataActionInit, nxMetadataActions } from './metadata.ts';
import { type NxSpreadAction, type NxSpreadActionInit, nxSpreadActions } from './multipath.ts';
import { type NxNat, type NxNatInit, nxNat } from './nat.ts';
import { type NxNote, nxNote } from './note.ts';
import { type NxOpenFlow10Action, nxOpenFlow10Actions } from './openflow10.ts';
import { type NxOutputReg, type NxOutputRegInit, type NxOutputTrunc, nxOutputActions } from './output.ts';
import { type NxRegisterAction, type NxRegisterActionInit, nxRegisterActions } from './register.ts';
import {
  type NxResubmit,
  type NxResubmitTable,
  type NxResubmitTableInit,
  nxResubmitActions,
} from './resubmit.ts';
import { type NxSampleAction, type NxSampleActionInit, nxSampleActions } from './sample.ts';
import { type NxStackAction, nxStackActions } from './stack.ts';

/** The actions of Open vSwitch's extension (ovs-actions(7)), under experimenter 0x2320. */
export type NiciraAction =
  | NxBareAction
  | NxClone
  | NxConjunction
  | NxController
  | NxController2
  | NxCt
  | NxDecap
  | NxDecTtlCntIds
  | NxEncap
  | NxFinTimeout
  | NxLearn
  | NxLearn2
  | NxMetadataAction
  | NxNat
  | NxNote
  | NxOpenFlow10Action
  | NxOutputReg
  | NxOutputTrunc
  | NxRegisterAction
  | NxResubmit
  | NxResubmitTable
  | NxSampleAction
  | NxSpreadAction
  | NxStackAction;

/** A {@link NiciraAction} to be sent (ovs-actions(7)). */
export type NiciraActionInit =
  | NiciraAction
  | NxCloneInit
  | NxControllerInit
  | NxCtInit
  | NxEncapInit
  | NxLearnInit
  | NxLearn2Init
  | NxMetadataActionInit
  | NxNatInit
  | NxOutputRegInit
  | NxRegisterActionInit
  | NxResubmitTableInit
  | NxSampleActionInit
  | NxSpreadActionInit;

/** The codecs of {@link NiciraAction}. */
export const niciraActions: readonly ActionCodec[] = [
  ...nxBareActions,
  ...nxMetadataActions,
  ...nxOpenFlow10Actions,
  ...nxResubmitActions,
  ...nxRegisterActions,
  ...nxStackActions,
  ...nxOutputActions,
  ...nxSpreadActions,
  ...nxSampleActions,
  nxNote,
  nxLearn,
  nxLearn2,
  nxFinTimeout,
  nxController,
  nxController2,
  nxDecTtlCntIds,
  nxConjunction,
  nxCt,
  nxNat,
  nxClone,
  nxEncap,
  nxDecap,
];
