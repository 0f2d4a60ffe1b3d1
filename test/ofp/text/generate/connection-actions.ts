import { textField } from '../../../../src/ofp/text/fields.ts';
import type { Random } from '../../../fuzz/random.ts';
import type { MakeAction } from './fields.ts';
import { numberText, oneOf, subfieldText, within, writtenValueText } from './values.ts';

/** The actions of connection tracking. */
export const connectionActions: Readonly<Record<string, MakeAction>> = {
  ct: (random, kind) => (random.oneIn(8) ? 'ct' : `ct(${words(random, kind === 'ipv6').join(',')})`),
  ct_clear: () => 'ct_clear',
};

const ZONES = ['NXM_NX_REG0[0..15]', 'reg4[8..23]', 'reg1[]', 'tun_id[3]', '0', '7', '65535'];

function words(random: Random, isIpv6: boolean): string[] {
  const chosen = random.oneIn(3) ? [] : ['commit'];
  if (random.oneIn(9)) chosen.push('force');
  if (random.oneIn(2)) chosen.push(`zone=${random.pick(ZONES)}`);
  if (random.oneIn(3)) chosen.push(`table=${within(random, 0, 254)}`);
  if (random.oneIn(4)) chosen.push(`alg=${random.pick(['ftp', 'tftp'])}`);
  if (random.oneIn(2)) chosen.push(random.oneIn(3) ? 'nat' : `nat(${natWords(random, isIpv6)})`);
  if (random.oneIn(2)) chosen.push(`exec(${execWords(random)})`);
  return chosen;
}

const IPV4_RANGES = [
  '',
  '10.0.0.1',
  '10.0.0.1-10.0.0.9',
  '10.0.0.1:80',
  '10.0.0.1-10.0.0.1:80-90',
  '10.0.0.9-10.0.0.1',
];
const IPV6_RANGES = [
  '',
  'fe80::1',
  'fe80::1-fe80::9',
  '[fe80::1]:80',
  '[fe80::1]-[fe80::9]:80-90',
  '[fe80::1]',
];

function natWords(random: Random, isIpv6: boolean): string {
  const range = random.pick(isIpv6 ? IPV6_RANGES : IPV4_RANGES);
  const chosen = [`${random.pick(['src', 'dst'])}${range === '' ? '' : `=${range}`}`];
  if (random.oneIn(3)) chosen.push('persistent');
  if (random.oneIn(3)) chosen.push(random.pick(['hash', 'random']));
  return chosen.join(',');
}

function execWords(random: Random): string {
  const actions = Array.from({ length: 1 + random.below(3) }, () => {
    const field = textField(random.oneIn(20) ? 'reg0' : random.pick(['ct_mark', 'ct_label']));
    const bits = 1 + random.below(32);
    const subfield = subfieldText(random, field, bits);
    return oneOf(random, [
      (source) => `set_field:${writtenValueText(source, field)}->${field.name}`,
      (source) => `load:${numberText(source, bits)}->${subfield}`,
      (source) => `move:${subfieldText(source, textField('reg3'), bits)}->${subfield}`,
    ]);
  });
  return actions.join(',');
}
