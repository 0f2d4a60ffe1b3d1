/** A message of OpenFlow 1.3 in hexadecimal: its type and what follows the header. Spaces are for the eye. */
function message(type: number, ...body: readonly string[]): string {
  const hex = body.join('').replaceAll(' ', '');
  return `04${digits(type, 2)}${digits(8 + hex.length / 2, 4)}11223344${hex}`;
}

function flowMod(head: string, match: string, ...instructions: readonly string[]): string {
  return message(14, head, match, ...instructions);
}

function nicira(subtype: number, body = ''): string {
  return message(4, '00002320', digits(subtype, 8), body);
}

function onf(subtype: number, body = ''): string {
  return message(4, '4f4e4600', digits(subtype, 8), body);
}

function multipart(type: number, body = '', flags = 0): string {
  return message(18, digits(type, 4), digits(flags, 4), '00000000', body);
}

function role(number: number, generation: number): string {
  return message(24, digits(number, 8), '00000000', digits(generation, 16));
}

function digits(value: number, count: number): string {
  return value.toString(16).padStart(count, '0');
}

/** Cookie and mask 0, table 30, add, no timeouts, priority 1, no buffer, any port and group. */
const ADD = `${'00'.repeat(16)} 1e00 00000000 0001 ffffffff ffffffff ffffffff 0000 0000`;
const ADD_CHECKING_OVERLAP = ADD.replace(/0000 0000$/, '0002 0000');
const ANY_PACKET = '0001 0004 00000000';
const IN_PORT_1 = '0001 000c 80000004 00000001 00000000';
const OUTPUT_1 = '0000 0010 00000001 0000 000000000000';

const applyActions = (actions: string) => {
  const size = 8 + actions.replaceAll(' ', '').length / 2;
  return `0004 ${digits(size, 4)} 00000000 ${actions}`;
};
const group = (command: string, id: string, buckets = '', type = '00') =>
  message(15, command, type, '00', id, buckets);
const bucket = `0020 0000 ffffffff ffffffff 00000000 ${OUTPUT_1}`;
const meter = (command: string, flags: string, id: string, bands = '') =>
  message(29, command, flags, id, bands);
const asyncProperties = (masks: readonly number[]) =>
  masks.map((mask, type) => `${digits(type, 4)}0008${digits(mask, 8)}`).join('');

/** Sent by a second client first, which then hears of everything: it is master and wants all asynchronous messages. */
export const SUBSCRIPTIONS: readonly string[] = [
  message(9, '0000 ffff'),
  role(2, 1),
  nicira(27, asyncProperties([7, 7, 7, 7, 0x1f, 0x1f, 7, 7, 0x18, 0x18, 3, 3])),
];

/** What was being done, and the messages that do it. */
export const RAW_MESSAGES: readonly (readonly [label: string, ...messages: string[]])[] = [
  ['handshake', message(5), message(7), message(2), message(2, '00ff10'), message(3, '68656c6c6f')],
  ['set config', message(9, '0001 0080'), message(7), message(9, '0003 ffff'), message(9, '0000 0000')],
  [
    'roles',
    role(0, 0),
    role(1, 0),
    role(2, 2),
    role(3, 3),
    role(2, 0xffff),
    role(3, 0),
    role(7, 0),
    role(1, 0),
  ],
  [
    'asynchronous messages',
    message(26),
    message(28, '00000003 00000001 00000007 00000006 0000000f 00000008'),
    message(26),
  ],
  [
    'queues',
    message(22, '00000001 00000000'),
    message(22, 'ffffffff 00000000'),
    message(22, '00000063 00000000'),
  ],
  ['table mod', message(17, 'ff000000 00000000'), message(17, '05000000 00000003')],
  [
    'group requests forwarded',
    group('0000', '00000050', bucket),
    group('0001', '00000050', bucket + bucket),
    group('8000', '00000050', bucket),
    group('0002', '00000050'),
  ],
  [
    'meter requests forwarded',
    meter('0000', '000d', '00000009', '0001 0010 000003e8 00000064 00000000'),
    meter('0001', '0002', '00000009', '0001 0010 00000001 00000000 00000000'),
    meter('0002', '0000', '00000009'),
  ],
  ['every multipart request', ...[0, 3, 7, 8, 11, 13].map((type) => multipart(type))],
  [
    'multipart requests with a body',
    multipart(4, '00000001 00000000'),
    multipart(5, 'ffffffff ffffffff'),
    multipart(6, 'fffffffc 00000000'),
    multipart(9, 'ffffffff 00000000'),
    multipart(10, 'ffffffff 00000000'),
  ],
  [
    'refused multipart requests',
    multipart(99),
    multipart(4, '00000063 00000000'),
    multipart(6, '00000063 00000000'),
    multipart(9, '00000063 00000000'),
    multipart(1, '00'),
    multipart(0xffff, '00112233 00000001'),
    multipart(0, '', 1),
  ],
  [
    'refused messages',
    message(99),
    message(4, '00112233 00000001'),
    nicira(9999),
    onf(9999),
    message(14, '00'),
    message(19),
    message(5, '00000000'),
    message(16, '00000063 00000000 020000000001 0000 00000001 00000001 00000000 00000000'),
  ],
  ['refused versions', '0505000811223344', '0105000811223344', '04000008ffffffff'],
  [
    'refused matches',
    flowMod(ADD, '0001 000a 80001c02 0050 000000000000'),
    flowMod(ADD, `0001 0014 80000004 00000001 80000004 00000001 00000000`),
    flowMod(ADD, '0001 0008 80007c00'),
    flowMod(ADD, '0001 000c 80000104 00000001 00000000'),
    flowMod(ADD, '0002 0004 00000000'),
    flowMod(ADD, '0001 0010 8000fe08 00000001 00000001'),
    flowMod(ADD, '0001 0010 ffff0008 00112233 00000001'),
  ],
  [
    'refused instructions',
    flowMod(ADD, ANY_PACKET, '0001 0008 05 000000'),
    flowMod(ADD, ANY_PACKET, '0063 0008 00000000'),
    flowMod(ADD, ANY_PACKET, 'ffff 0010 00112233 0000000000000000'),
    flowMod(ADD, ANY_PACKET, '0001 0008 ff 000000'),
    flowMod(ADD, ANY_PACKET, '0006 0008 00000063'),
    flowMod(ADD, ANY_PACKET, '0005 0008 00000000 0005 0008 00000000'),
  ],
  [
    'refused actions',
    ...[
      '0000 0010 ffffff10 0000 000000000000',
      '0063 0008 00000000',
      'ffff 0010 00112233 0000000000000000',
      'ffff 0010 00002320 270f 000000000000',
      '0019 0010 80000004 00000001 00000000',
      '0016 0008 000003e7',
      '0012 0008 00000000',
      '0011 0008 1234 0000',
      '000b 0008 00000000',
    ].map((action) => flowMod(ADD, ANY_PACKET, applyActions(action))),
  ],
  [
    'refused flow mods',
    flowMod(ADD, IN_PORT_1),
    flowMod(ADD_CHECKING_OVERLAP, ANY_PACKET),
    flowMod(ADD.replace('1e00', '1e09'), ANY_PACKET),
    flowMod(ADD.replace('1e00', 'ff00'), ANY_PACKET),
    flowMod(ADD.replace(/0000 0000$/, '8000 0000'), ANY_PACKET),
  ],
  [
    'refused groups',
    group('0000', '00000050', bucket),
    group('0000', '00000050', bucket),
    group('0001', '000003e7'),
    group('0009', '00000001'),
    group('0000', '00000051', bucket, '09'),
    group('0000', '00000052', bucket + bucket, '02'),
    group('0000', 'ffffff01'),
  ],
  [
    'refused meters',
    meter('0000', '0001', '00000001', '0001 0010 00000001 00000000 00000000'),
    meter('0001', '0001', '000003e7', '0001 0010 00000001 00000000 00000000'),
    meter('0009', '0001', '00000001'),
    meter('0000', '0001', '00000060', '0002 0010 00000001 00000000 01000000'),
    meter('0000', '0001', '00000000'),
  ],
  [
    'packet-outs',
    message(13, 'ffffffff 00000001 0010 000000000000', OUTPUT_1, 'ffffffffffff020000000001080600'),
    message(13, 'ffffffff fffffffd 0000 000000000000'),
    message(13, '00000001 00000001 0010 000000000000', OUTPUT_1),
    message(13, 'ffffffff ffffffff 0000 000000000000'),
  ],
  [
    'Nicira messages',
    nicira(10, '00000000'),
    nicira(16, '00000002'),
    nicira(18),
    nicira(20, '000000000000 0005'),
    nicira(15, '01 00000000000000'),
    nicira(15, '00 00000000000000'),
    nicira(25),
    nicira(29, '000000000000 0007'),
    nicira(19, '00000003 00000001 00000007 00000006 0000000f 00000008'),
  ],
  [
    'bundles',
    onf(2300, '00000001 0000 0003'),
    onf(2300, '00000001 0000 0003'),
    onf(2301, '00000001 0000 0003'),
    onf(2300, '00000001 0002 0003'),
    onf(2300, '00000001 0006 0003'),
    onf(2300, '00000002 0004 0003'),
  ],
  [
    'bundle with a refused message',
    onf(2300, '00000003 0000 0001'),
    onf(2301, `00000003 0000 0001 ${flowMod(ADD, ANY_PACKET, '0006 0008 00000063')}`),
    onf(2300, '00000003 0002 0001'),
    onf(2300, '00000003 0004 0001'),
  ],
  ['flow monitors', onf(1870, '00000063'), multipart(0xffff, '4f4e4600 0000074e')],
];
