import { toBigInt } from '../../../util/u64.ts';
import type { Action } from '../../actions/action.ts';
import { CtFlag, type NxCt } from '../../actions/nicira/conntrack.ts';
import { type NxEncap, PacketType } from '../../actions/nicira/encap.ts';
import type { NxMultipath } from '../../actions/nicira/multipath.ts';
import { NatFlag, type NxNat } from '../../actions/nicira/nat.ts';
import { toBits } from '../../oxm/field-bits.ts';
import type { FieldReference, Subfield } from '../../oxm/subfield.ts';
import { fieldByOxm } from '../fields.ts';
import { isSupportedPort } from '../names.ts';
import { EthType, isMpls } from '../packet-kind.ts';
import { checkMembers, checkOutputPort } from './consistency.ts';
import { checkSource, checkTarget } from './field-bits-check.ts';
import { demand } from './refusal.ts';

/** Refuses an action's values where Open vSwitch does, whatever packets it is for. @throws Refusal */
export function checkActionValues(action: Action): void {
  const check = VALUES[action.type] as ((action: Action) => void) | undefined;
  check?.(action);
}

type ValueChecks = {
  readonly [K in Action['type']]?: (action: Extract<Action, { readonly type: K }>) => void;
};

const VALUES: ValueChecks = {
  output({ port }) {
    demand(isSupportedPort(port), 'OFPBAC_BAD_OUT_PORT', `no port has the number ${port}`);
    checkOutputPort(port);
  },
  setVlanVid: ({ vlanVid }) => argument(vlanVid <= 0xfff, 'a VLAN has 12 bits'),
  setVlanPcp: ({ vlanPcp }) => argument(vlanPcp <= 7, 'a priority has 3 bits'),
  setNwTos: ({ nwTos }) => argument((nwTos & 3) === 0, 'a DSCP has no place for an ECN'),
  setNwEcn: ({ nwEcn }) => argument(nwEcn <= 3, 'an ECN has 2 bits'),
  pushVlan: ({ ethType }) =>
    argument(ethType === EthType.VLAN || ethType === EthType.VLAN_SERVICE, 'no EtherType of a tag'),
  pushMpls: ({ ethType }) => argument(isMpls(ethType), 'no EtherType of a label'),
  nxRegLoad({ dst, value }) {
    short(dst);
    checkTarget(dst);
    argument(
      dst.bits >= 64 || toBigInt(value) >> BigInt(dst.bits) === 0n,
      'the value has more bits than the field',
    );
  },
  nxRegMove: checkCopy,
  onfCopyField: checkCopy,
  nxStackPush(action) {
    long(action);
    checkSource(action);
  },
  nxStackPop(action) {
    long(action);
    checkTarget(action);
  },
  nxDeleteField: long,
  nxCheckPktLarger({ dst }) {
    long(dst);
    checkTarget({ ...dst, bits: 1 });
  },
  nxOutputReg({ src }) {
    short(src);
    checkSource(src);
  },
  nxOutputReg2({ src }) {
    long(src);
    checkSource(src);
  },
  nxOutputTrunc: ({ maxLen }) => argument(maxLen >= 14, 'a packet keeps its Ethernet header'),
  nxMultipath: checkMultipath,
  nxBundle({ fields, algorithm, members }) {
    argument(typeof fields === 'string' && typeof algorithm === 'string', 'unknown fields or algorithm');
    checkMembers(members);
  },
  nxBundleLoad({ dst, members }) {
    short(dst);
    argument(dst.bits >= 16, 'a port needs 16 bits');
    checkTarget(dst);
    checkMembers(members);
  },
  nxSample: ({ probability }) => argument(probability !== 0, 'nothing is sampled'),
  nxSample2: ({ probability }) => argument(probability !== 0, 'nothing is sampled'),
  nxSample3({ probability, direction }) {
    argument(typeof direction === 'string', 'no direction of sampling');
    argument(probability !== 0, 'nothing is sampled');
  },
  nxConjunction: ({ clause, nClauses }) =>
    demand(
      nClauses >= 2 && nClauses <= 64 && clause < nClauses,
      'NXBAC_BAD_CONJUNCTION',
      'there are 2 to 64 clauses, and this is one of them',
    ),
  nxEncap: checkEncap,
  nxCt: checkCtValues,
  nxNat: checkNatValues,
};

function argument(condition: boolean, sentence: string): void {
  demand(condition, 'OFPBAC_BAD_ARGUMENT', sentence);
}

/** A field whose header has four bytes in the action. */
function short({ field }: FieldReference): void {
  demand(fieldByOxm(field) !== undefined, 'OFPBAC_BAD_SET_TYPE', `the switch has no field ${field}`);
}

/** A field whose header may have eight. */
function long({ field }: FieldReference): void {
  demand(fieldByOxm(field) !== undefined, 'OFPBMC_BAD_FIELD', `the switch has no field ${field}`);
}

function checkCopy({ src, dst }: { readonly src: Subfield; readonly dst: Subfield }): void {
  long(src);
  long(dst);
  checkSource(src);
  checkTarget(dst);
}

function checkMultipath({ dst, fields, algorithm, maxLink }: NxMultipath): void {
  short(dst);
  argument(typeof fields === 'string' && typeof algorithm === 'string', 'unknown fields or algorithm');
  argument(dst.bits >= Math.ceil(Math.log2(maxLink + 1)), 'the field cannot tell the links apart');
  checkTarget(dst);
}

const HEADERS: readonly number[] = [
  PacketType.ETHERNET,
  PacketType.NSH,
  PacketType.MPLS,
  PacketType.MPLS_MULTICAST,
];

function checkEncap({ newPktType, properties }: NxEncap): void {
  demand(HEADERS.includes(newPktType), 'NXBAC_BAD_HEADER_TYPE', 'the switch cannot put this header on');
  const isKnown = properties.every(({ type }) => type !== 'unknown');
  demand(isKnown, 'NXBAC_UNKNOWN_ED_PROP', 'the switch has no such property of encap');
}

function checkCtValues({ flags, zone }: NxCt): void {
  argument((flags & CtFlag.FORCE) === 0 || (flags & CtFlag.COMMIT) !== 0, 'force needs commit');
  if (typeof zone === 'number') return;
  short(zone);
  checkSource(zone);
  demand(zone.bits === 16, 'OFPBAC_BAD_SET_LEN', 'a zone has 16 bits');
}

const NAT_FLAGS = NatFlag.SRC | NatFlag.DST | NatFlag.PERSISTENT | NatFlag.PROTO_HASH | NatFlag.PROTO_RANDOM;

function checkNatValues(nat: NxNat): void {
  const { flags, ipv4Min, ipv4Max, ipv6Min, ipv6Max, protoMin, protoMax } = nat;
  const both = (bits: number) => (flags & bits) === bits;
  argument((flags & ~NAT_FLAGS) === 0, 'unknown flags of nat');
  argument(!both(NatFlag.SRC | NatFlag.DST), 'nat takes src or dst');
  argument(!both(NatFlag.PROTO_HASH | NatFlag.PROTO_RANDOM), 'nat takes hash or random');
  argument(ipv4Min === undefined || (ipv6Min ?? ipv6Max) === undefined, 'nat takes addresses of one family');
  argument(
    isRange(ipv4Min, ipv4Max, 'ipv4Src') && isRange(ipv6Min, ipv6Max, 'ipv6Src'),
    'no range of addresses',
  );
  argument(protoMin === undefined || (ipv4Min ?? ipv6Min) !== undefined, 'ports need addresses');
  argument(protoMin !== 0 && (protoMax === undefined || protoMin !== undefined), 'no range of ports');
  argument(protoMax === undefined || protoMax >= protoMin!, 'the ports end before they begin');
}

function isRange(least: string | undefined, most: string | undefined, field: 'ipv4Src' | 'ipv6Src'): boolean {
  if (least === undefined) return most === undefined;
  const bits = toBits(field, least);
  return bits !== 0n && (most === undefined || toBits(field, most) >= bits);
}
