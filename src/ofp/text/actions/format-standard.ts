import type { NxOpenFlow10Action } from '../../actions/nicira/openflow10.ts';
import type { OpenFlow11Action } from '../../actions/openflow11.ts';
import type { StandardAction } from '../../actions/standard.ts';
import { PortNo } from '../../ports.ts';
import { formatPort, isReservedPort } from '../names.ts';
import { hex, paddedHex } from '../numbers.ts';
import type { ActionFormats } from './format-action.ts';

/** The actions of OpenFlow 1.3. */
export const standardFormats: ActionFormats<StandardAction['type']> = {
  output({ port, maxLen }) {
    const name = formatPort(port);
    if (port === PortNo.CONTROLLER) return `${name}:${maxLen}`;
    return isReservedPort(port) ? name : `output:${name}`;
  },
  copyTtlOut: () => 'copy_ttl_out',
  copyTtlIn: () => 'copy_ttl_in',
  setMplsTtl: ({ ttl }) => `set_mpls_ttl(${ttl})`,
  decMplsTtl: () => 'dec_mpls_ttl',
  pushVlan: ({ ethType }) => `push_vlan:${hex(ethType)}`,
  popVlan: () => 'pop_vlan',
  pushMpls: ({ ethType }) => `push_mpls:${paddedHex(ethType, 4)}`,
  popMpls: ({ ethType }) => `pop_mpls:${paddedHex(ethType, 4)}`,
  setQueue: ({ queueId }) => `set_queue:${queueId}`,
  group: ({ groupId }) => `group:${groupId}`,
  setNwTtl: ({ ttl }) => `mod_nw_ttl:${ttl}`,
  decNwTtl: () => 'dec_ttl',
  pushPbb: ({ ethType }) => `push_pbb:${paddedHex(ethType, 4)}`,
  popPbb: () => 'pop_pbb',
};

/** The actions of OpenFlow 1.1 that set-field replaced. */
export const openflow11Formats: ActionFormats<OpenFlow11Action['type']> = {
  setVlanVid: ({ vlanVid }) => `set_vlan_vid:${vlanVid}`,
  setVlanPcp: ({ vlanPcp }) => `set_vlan_pcp:${vlanPcp}`,
  setDlSrc: ({ dlAddr }) => `mod_dl_src:${dlAddr}`,
  setDlDst: ({ dlAddr }) => `mod_dl_dst:${dlAddr}`,
  setNwSrc: ({ nwAddr }) => `mod_nw_src:${nwAddr}`,
  setNwDst: ({ nwAddr }) => `mod_nw_dst:${nwAddr}`,
  setNwTos: ({ nwTos }) => `mod_nw_tos:${nwTos}`,
  setNwEcn: ({ nwEcn }) => `mod_nw_ecn:${nwEcn}`,
  setTpSrc: ({ tpPort }) => `mod_tp_src:${tpPort}`,
  setTpDst: ({ tpPort }) => `mod_tp_dst:${tpPort}`,
  setMplsLabel: ({ mplsLabel }) => `set_mpls_label(${mplsLabel})`,
  setMplsTc: ({ mplsTc }) => `set_mpls_tc(${mplsTc})`,
};

/** The extension's forms of later actions for OpenFlow 1.0. */
export const openflow10Formats: ActionFormats<NxOpenFlow10Action['type']> = {
  nxPushMpls: ({ ethType }) => `push_mpls:${paddedHex(ethType, 4)}`,
  nxPopMpls: ({ ethType }) => `pop_mpls:${paddedHex(ethType, 4)}`,
  nxSetMplsTtl: ({ ttl }) => `set_mpls_ttl(${ttl})`,
  nxSetMplsLabel: ({ mplsLabel }) => `set_mpls_label(${mplsLabel})`,
  nxSetMplsTc: ({ mplsTc }) => `set_mpls_tc(${mplsTc})`,
  nxGroup: ({ groupId }) => `group:${groupId}`,
};
