import type { Action } from '../../ofp/actions/action.ts';
import { isBesideFrame, runOf } from './layout.ts';

/**
 * What a rewrite has to do with what travels beside the frame, as metadata and registers do: it only writes there, it
 * may read there, or neither.
 */
export type BesideFrame = 'written' | 'read' | 'untouched';

/** What an action of those that only rewrite does beside the frame. */
export function besideFrame(action: Action): BesideFrame {
  switch (action.type) {
    case 'setField':
    case 'nxRegLoad2':
      return isBesideFrame(runOf(action.field).place) ? 'written' : 'untouched';
    case 'nxRegLoad':
      return isBesideFrame(runOf(action.dst.field).place) ? 'written' : 'untouched';
    default:
      return BESIDE[action.type] ?? 'read';
  }
}

const BESIDE: Readonly<Partial<Record<Action['type'], BesideFrame>>> = {
  nxSetTunnel: 'written',
  nxSetTunnel64: 'written',
  nxWriteMetadata: 'written',
  // Each output says its queue.
  setQueue: 'written',
  nxPopQueue: 'written',
  nxNote: 'written',
  nxConjunction: 'written',
  nxSample: 'written',
  nxSample2: 'written',
  nxSample3: 'written',
  setVlanVid: 'untouched',
  setVlanPcp: 'untouched',
  setDlSrc: 'untouched',
  setDlDst: 'untouched',
  setNwSrc: 'untouched',
  setNwDst: 'untouched',
  setNwTos: 'untouched',
  setNwEcn: 'untouched',
  setTpSrc: 'untouched',
  setTpDst: 'untouched',
  setMplsLabel: 'untouched',
  setMplsTc: 'untouched',
  pushVlan: 'untouched',
  popVlan: 'untouched',
  pushMpls: 'untouched',
  popMpls: 'untouched',
  setNwTtl: 'untouched',
  setMplsTtl: 'untouched',
  decNwTtl: 'untouched',
  nxDecTtl: 'untouched',
  nxDecTtlCntIds: 'untouched',
  decMplsTtl: 'untouched',
};
