import type { BucketInit } from '../../../src/ofp/bucket.ts';
import { encode, type MessageInit } from '../../../src/ofp/message.ts';
import { FlowModFlag } from '../../../src/ofp/messages/flow-mod.ts';
import type { GroupModInit } from '../../../src/ofp/messages/group-mod.ts';
import type { BundleControlType } from '../../../src/ofp/messages/onf-bundle.ts';
import type { MeterBand } from '../../../src/ofp/meter-band.ts';
import { GroupNo, MeterNo, PortNo } from '../../../src/ofp/ports.ts';
import type { Random } from './random.ts';
import { actions, flowMod, groupId, meterId, portNo } from './random-flows.ts';

/** A message of a sequence, and which of the controllers sends it. */
export interface Sent {
  readonly controller: number;
  readonly bytes: Buffer;
}

const GROUP_TYPES = ['all', 'select', 'indirect', 'fastFailover'] as const;

function bucket(random: Random, type: unknown): BucketInit {
  const watches = type === 'fastFailover' ? !random.oneIn(8) : random.oneIn(10);
  return {
    ...((type === 'select') !== random.oneIn(12) && { weight: random.below(4) }),
    ...(watches && { watchPort: random.oneIn(6) ? portNo(random) : 1 }),
    ...(watches && random.oneIn(4) && { watchGroup: groupId(random) }),
    actions: actions(random, 2),
  };
}

function groupMod(random: Random): GroupModInit {
  const groupType = random.oneIn(40) ? 7 : random.pick(GROUP_TYPES);
  const command = random.oneIn(25)
    ? random.pick([3, 5, 9])
    : random.pick(['add', 'add', 'modify', 'delete', 'addOrModify'] as const);
  const isDelete = command === 'delete';
  const count = isDelete
    ? random.oneIn(10)
      ? 1
      : 0
    : groupType === 'indirect'
      ? random.oneIn(6)
        ? 2
        : 1
      : random.below(4);
  const id = isDelete && random.oneIn(4) ? GroupNo.ALL : groupId(random);
  const buckets = Array.from({ length: count }, () => bucket(random, groupType));
  return { type: 'groupMod', command, groupId: id, groupType, buckets };
}

function band(random: Random): MeterBand {
  const rates = { rate: random.oneIn(12) ? 0 : 1000 + random.below(9), burstSize: random.pick([0, 0, 500]) };
  return random.oneIn(12) ? { type: 'dscpRemark', precLevel: 1, ...rates } : { type: 'drop', ...rates };
}

function meterMod(random: Random): MessageInit {
  const command = random.oneIn(30) ? 5 : random.pick(['add', 'add', 'modify', 'delete'] as const);
  return {
    type: 'meterMod',
    command,
    meterId: command === 'delete' && random.oneIn(4) ? MeterNo.ALL : meterId(random),
    flags: random.oneIn(6) ? random.below(64) : random.pick([1, 2, 5, 9, 13]),
    bands: Array.from({ length: random.oneIn(15) ? 9 : random.oneIn(12) ? 0 : 1 + random.below(2) }, () =>
      band(random),
    ),
  };
}

/** Bits that make no difference to whether a port has a link. */
const PORT_BITS = [0, 1 << 2, 1 << 5, 1 << 6, (1 << 2) | (1 << 6), 1 << 9];

function portMod(random: Random, hwAddrs: ReadonlyMap<number, string>): MessageInit {
  const port = random.oneIn(6) ? portNo(random) : random.pick([...hwAddrs.keys()]);
  const hwAddr = random.oneIn(8) ? '02:00:00:00:00:99' : (hwAddrs.get(port) ?? '00:00:00:00:00:00');
  const [config, mask] = [random.pick(PORT_BITS), random.pick(PORT_BITS)];
  return { type: 'portMod', portNo: port, hwAddr, config, mask, advertise: 0 };
}

function roleRequest(random: Random): MessageInit {
  if (random.oneIn(5))
    return { type: 'nxRoleRequest', role: random.pick(['other', 'master', 'slave'] as const) };
  const role = random.oneIn(25) ? 8 : random.pick(['noChange', 'equal', 'equal', 'master', 'slave'] as const);
  return { type: 'roleRequest', role, generationId: BigInt(random.below(6)) };
}

const CONTROLS: readonly BundleControlType[] = [
  'openRequest',
  'openRequest',
  'closeRequest',
  'commitRequest',
  'commitRequest',
  'discardRequest',
  'openReply',
];
const REQUESTS: readonly MessageInit[] = [
  { type: 'featuresRequest' },
  { type: 'getConfigRequest' },
  { type: 'getAsyncRequest' },
  { type: 'barrierRequest' },
  { type: 'barrierReply' },
  { type: 'queueGetConfigRequest', port: 1 },
  { type: 'queueGetConfigRequest', port: 77 },
  { type: 'setConfig', flags: 2, missSendLen: 128 },
  { type: 'setConfig', flags: 8, missSendLen: 128 },
  { type: 'tableMod', tableId: 3, config: 3 },
  { type: 'tableMod', tableId: 254, config: 0 },
  { type: 'nxSetControllerId', controllerId: 0 },
  { type: 'nxFlowAge' },
  { type: 'nxTlvTableRequest' },
  {
    type: 'nxTlvTableMod',
    command: 'add',
    maps: [{ optionClass: 1, optionType: 2, optionLen: 4, index: 0 }],
  },
  {
    type: 'nxTlvTableMod',
    command: 'add',
    maps: [{ optionClass: 1, optionType: 2, optionLen: 4, index: 1 }],
  },
  {
    type: 'nxTlvTableMod',
    command: 'add',
    maps: [{ optionClass: 2, optionType: 2, optionLen: 124, index: 2 }],
  },
  {
    type: 'nxTlvTableMod',
    command: 'add',
    maps: [{ optionClass: 3, optionType: 2, optionLen: 5, index: 3 }],
  },
  {
    type: 'nxTlvTableMod',
    command: 'delete',
    maps: [{ optionClass: 1, optionType: 2, optionLen: 4, index: 0 }],
  },
  { type: 'nxTlvTableMod', command: 'clear', maps: [] },
  { type: 'multipartRequest', multipartType: 'meterFeatures' },
  { type: 'multipartRequest', multipartType: 'groupFeatures' },
  { type: 'multipartRequest', multipartType: 'meterConfig', body: { meterId: 9 } },
  { type: 'multipartRequest', multipartType: 'group', body: { groupId: 9 } },
  { type: 'multipartRequest', multipartType: 'queue', body: { portNo: 1, queueId: 3 } },
  { type: 'multipartRequest', multipartType: 'portStats', body: { portNo: 77 } },
  { type: 'onfFlowMonitorCancel', monitorId: 4 },
];

const ASYNC: readonly MessageInit[] = [
  {
    type: 'setAsync',
    packetInMaster: 3,
    packetInSlave: 0,
    portStatusMaster: 7,
    portStatusSlave: 0,
    flowRemovedMaster: 0x1f,
    flowRemovedSlave: 7,
  },
  {
    type: 'setAsync',
    packetInMaster: 0xff,
    packetInSlave: 0,
    portStatusMaster: 7,
    portStatusSlave: 7,
    flowRemovedMaster: 0xff,
    flowRemovedSlave: 0,
  },
];

function message(random: Random, hwAddrs: ReadonlyMap<number, string>): MessageInit {
  const choice = random.below(100);
  if (choice < 55) return flowMod(random);
  if (choice < 70) return groupMod(random);
  if (choice < 80) return meterMod(random);
  if (choice < 84) return portMod(random, hwAddrs);
  if (choice < 91) return random.pick(REQUESTS);
  if (choice < 95) {
    const [bundleId, flags] = [1 + random.below(2), random.oneIn(8) ? 1 : 0];
    return { type: 'onfBundleControl', bundleId, flags, controlType: random.pick(CONTROLS) };
  }
  return bundled(random, hwAddrs);
}

/**
 * A flow-mod that may stand behind others in a bundle: strict, without a look at overlaps. Open vSwitch looks for the
 * flows of the others among those that a bundle has added only where other flows of their table have the same mask.
 */
function strictFlowMod(random: Random): MessageInit {
  const mod = flowMod(random);
  const command =
    mod.command === 'modify' ? 'modifyStrict' : mod.command === 'delete' ? 'deleteStrict' : mod.command;
  return { ...mod, command, flags: (mod.flags ?? 0) & ~FlowModFlag.CHECK_OVERLAP };
}

/**
 * A group-mod that may stand in a bundle. Open vSwitch 3.1 aborts when a bundle fails that has deleted a group: it puts
 * the flows back that handed to it before the group is there again.
 */
function bundledGroupMod(random: Random): MessageInit {
  for (;;) {
    const mod = groupMod(random);
    if (mod.command !== 'delete') return mod;
  }
}

function bundled(random: Random, hwAddrs: ReadonlyMap<number, string>): MessageInit {
  const [bundleId, flags] = [1 + random.below(2), random.oneIn(10) ? 1 : 0];
  const choice = random.below(12);
  const inner =
    choice < 7
      ? strictFlowMod(random)
      : choice < 9
        ? bundledGroupMod(random)
        : choice < 10
          ? portMod(random, hwAddrs)
          : choice < 11
            ? meterMod(random)
            : packetOut(random);
  return { type: 'onfBundleAddMessage', bundleId, flags, message: inner };
}

function packetOut(random: Random): MessageInit {
  // It leads nowhere that anybody hears of.
  const list = random.oneIn(3) ? [{ type: 'group', groupId: 9 } as const] : [];
  return {
    type: 'packetOut',
    inPort: random.oneIn(4) ? portNo(random) : PortNo.CONTROLLER,
    actions: list,
    data: Buffer.alloc(60),
  };
}

/** A whole bundle, most of whose messages are good. */
function* wholeBundle(random: Random, hwAddrs: ReadonlyMap<number, string>): Iterable<MessageInit> {
  const [bundleId, flags] = [10 + random.below(3), random.below(4)];
  const control = (controlType: BundleControlType): MessageInit => ({
    type: 'onfBundleControl',
    bundleId,
    flags,
    controlType,
  });
  yield control('openRequest');
  const add = (message: MessageInit): MessageInit => ({
    type: 'onfBundleAddMessage',
    bundleId,
    flags,
    message,
  });
  if (random.oneIn(3)) yield add(flowMod(random));
  for (let count = random.below(4); count >= 0; count--) {
    const inner = random.oneIn(4)
      ? bundledGroupMod(random)
      : random.oneIn(12)
        ? portMod(random, hwAddrs)
        : strictFlowMod(random);
    yield add(inner);
  }
  if (random.oneIn(2)) yield control('closeRequest');
  yield control('commitRequest');
}

const FLOW_MOD = 14;
const PORT_MOD = 16;
const MULTIPART_REQUEST = 18;
const EXPERIMENTER = 4;
/** Where a message in a bundle has its type. */
const BUNDLED_TYPE = 25;

/** Where messages about bundles have the bundle's number: with others, they would outlast the test of a sequence. */
const BUNDLE_ID = [16, 17, 18, 19];
/** Where a flow-mod in a bundle has its command and flags. */
const STRICTNESS = [49, 68, 69];

function isAbout(bytes: Buffer, type: number): boolean {
  return bytes[1] === type || (bytes[1] === EXPERIMENTER && bytes[BUNDLED_TYPE] === type);
}

/** Makes a message worse: cut, longer than it is, or with a byte that is another. The header stays one of a message. */
function corrupted(random: Random, bytes: Buffer): Buffer {
  const worse = Buffer.from(bytes);
  // Whether a port is up shows later, and a part that more should follow is given up later.
  if (isAbout(bytes, PORT_MOD) || bytes[1] === MULTIPART_REQUEST) return worse;
  if (worse.length <= 8 || !random.oneIn(3)) {
    const at = 8 + random.below(Math.max(1, worse.length - 8));
    const isExperimenter = bytes[1] === EXPERIMENTER;
    const isStrict = isExperimenter && isAbout(bytes, FLOW_MOD) && STRICTNESS.includes(at);
    const isKept = worse.length <= 8 || isStrict || (isExperimenter && BUNDLE_ID.includes(at));
    if (!isKept) worse[at] = random.below(256);
    return worse;
  }
  const cut = Buffer.from(worse.subarray(0, 8 + random.below(worse.length - 8)));
  cut.writeUInt16BE(cut.length, 2);
  return cut;
}

/** One sequence of messages of up to two controllers, the same for the same random numbers. */
export function randomSequence(
  random: Random,
  hwAddrs: ReadonlyMap<number, string>,
  firstXid: number,
): Sent[] {
  // Only first: Open vSwitch tells of flows that went when it comes to it, to who wants to hear of them by then.
  const messages: MessageInit[] = random.oneIn(6)
    ? [roleRequest(random)]
    : random.oneIn(12)
      ? [random.pick(ASYNC)]
      : [];
  for (let count = 1 + random.below(10); count > 0; count--) {
    if (random.oneIn(12)) messages.push(...wholeBundle(random, hwAddrs));
    else messages.push(message(random, hwAddrs));
  }
  if (random.oneIn(30)) messages.push({ type: 'getAsyncRequest' });
  const other = random.oneIn(4) ? random.below(messages.length) : messages.length;
  return messages.map((each, index) => {
    const bytes = encode({ ...each, xid: firstXid + index } as MessageInit);
    const isWorse = random.oneIn(12);
    return { controller: index >= other ? 1 : 0, bytes: isWorse ? corrupted(random, bytes) : bytes };
  });
}
