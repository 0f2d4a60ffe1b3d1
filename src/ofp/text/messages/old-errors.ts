/** Type and code of an error that Open vSwitch's extension has for OpenFlow 1.0 and 1.1, where theirs had no room. */
export const OLD_VENDOR_ERROR = { type: 0xb0c2, code: 0 } as const;

/** A run of codes under an error type, in their order; gaps are empty. */
interface Run {
  readonly type: number;
  readonly first: number;
  readonly names: readonly string[];
}

const RUNS: readonly Run[] = [
  { type: 0, first: 263, names: ['OFPBMC_BAD_FIELD'] },
  {
    type: 1,
    first: 256,
    names: [
      ...[
        'NXBRC_NXM_INVALID',
        'NXBRC_NXM_BAD_TYPE',
        'OFPBMC_BAD_VALUE',
        'OFPBMC_BAD_MASK',
        'OFPBMC_BAD_PREREQ',
      ],
      ...[
        'OFPBMC_DUP_FIELD',
        'OFPBMC_BAD_WILDCARDS',
        '',
        'NXBMC_CT_DATAPATH_SUPPORT',
        'NXBAC_CT_DATAPATH_SUPPORT',
      ],
    ],
  },
  {
    type: 1,
    first: 512,
    names: [
      ...[
        'OFPBRC_BAD_TABLE_ID',
        'OFPRRFC_BAD_ROLE',
        'OFPBRC_BAD_PORT',
        'NXBRC_MUST_BE_ZERO',
        'NXBRC_BAD_REASON',
      ],
      ...['OFPMOFC_MONITOR_EXISTS', 'OFPMOFC_BAD_FLAGS', 'OFPMOFC_UNKNOWN_MONITOR', 'NXBRC_FM_BAD_EVENT'],
      ...[
        'NXBRC_UNENCODABLE_ERROR',
        'OFPBAC_MATCH_INCONSISTENT',
        'OFPBAC_BAD_SET_TYPE',
        'OFPBAC_BAD_SET_LEN',
      ],
      ...[
        'OFPBAC_BAD_SET_ARGUMENT',
        '',
        'NXTTMFC_BAD_COMMAND',
        'NXTTMFC_BAD_OPT_LEN',
        'NXTTMFC_BAD_FIELD_IDX',
      ],
      ...[
        'NXTTMFC_TABLE_FULL',
        'NXTTMFC_ALREADY_MAPPED',
        'NXTTMFC_DUP_ENTRY',
        'NXR_NOT_SUPPORTED',
        'NXR_STALE',
      ],
      ...['NXST_NOT_CONFIGURED', 'NXFMFC_INVALID_TLV_FIELD', 'NXTTMFC_INVALID_TLV_DEL'],
    ],
  },
  { type: 2, first: 256, names: ['NXBAC_MUST_BE_ZERO', 'OFPBIC_UNSUP_INST'] },
  { type: 2, first: 526, names: ['NXBAC_BAD_CONJUNCTION'] },
  { type: 5, first: 256, names: ['NXFMFC_HARDWARE', 'NXFMFC_BAD_TABLE_ID'] },
  {
    type: 6,
    first: 0,
    names: [
      ...[
        'OFPGMFC_GROUP_EXISTS',
        'OFPGMFC_INVALID_GROUP',
        'OFPGMFC_WEIGHT_UNSUPPORTED',
        'OFPGMFC_OUT_OF_GROUPS',
      ],
      ...[
        'OFPGMFC_OUT_OF_BUCKETS',
        'OFPGMFC_CHAINING_UNSUPPORTED',
        'OFPGMFC_WATCH_UNSUPPORTED',
        'OFPGMFC_LOOP',
      ],
      ...['OFPGMFC_UNKNOWN_GROUP', 'OFPGMFC_CHAINED_GROUP', 'OFPGMFC_BAD_TYPE', 'OFPGMFC_BAD_COMMAND'],
      ...['OFPGMFC_BAD_BUCKET', 'OFPGMFC_BAD_WATCH', 'OFPGMFC_EPERM', 'OFPGMFC_UNKNOWN_BUCKET'],
      ...['OFPGMFC_BUCKET_EXISTS'],
    ],
  },
  { type: 13, first: 2, names: ['OFPBPC_BAD_TYPE', 'OFPBPC_BAD_LEN', 'OFPBPC_BAD_VALUE'] },
  {
    type: 14,
    first: 3,
    names: [
      ...['OFPBPC_TOO_MANY', 'OFPBPC_DUP_TYPE', 'OFPBPC_BAD_EXPERIMENTER', 'OFPBPC_BAD_EXP_TYPE'],
      ...['OFPBPC_BAD_EXP_VALUE', 'OFPBPC_EPERM'],
    ],
  },
];

/** The name of such an error; undefined when there is none. */
export function oldErrorName(type: number, code: number): string | undefined {
  const run = RUNS.find(
    ({ type: own, first, names }) => own === type && code >= first && code < first + names.length,
  );
  return run?.names[code - run.first] || undefined;
}
