import { run } from '../../lab/index.ts';
import type { ErrorNameRow } from '../fixtures.ts';

const EXPERIMENTER_ERROR = 0xffff;
/** Experimenter ids of ONF and Nicira, and the codes to ask for. */
const EXPERIMENTERS: readonly (readonly [id: number, first: number, last: number])[] = [
  [0x4f4e4600, 2300, 2316],
  [0x4f4e4600, 2360, 2375],
  [0x4f4e4600, 2600, 2601],
  [0x4f4e4600, 2640, 2642],
  [0x4f4e4600, 4250, 4251],
  [0x4f4e4600, 4440, 4450],
  [0x2320, 0, 50],
];

/** Asks ovs-ofctl what it calls each error of OpenFlow 1.3; codes that it has no name for are left out. */
export async function recordErrorNames(): Promise<ErrorNameRow[]> {
  const rows: ErrorNameRow[] = [];
  const ask = async (errorType: number, code: number, experimenter: number) => {
    const id = errorType === EXPERIMENTER_ERROR ? hex(experimenter, 8) : '';
    const length = id === '' ? '000c' : '0010';
    const print = await run('ovs-ofctl', [
      'ofp-print',
      `0401${length}00000001${hex(errorType, 4)}${hex(code, 4)}${id}`,
    ]);
    const name = /^OFPT_ERROR \(OF1\.3\) \(xid=0x1\): ([A-Z]+_[A-Z0-9_]+)$/m.exec(print)?.[1];
    if (name !== undefined) rows.push([errorType, code, experimenter, name]);
  };
  for (let errorType = 0; errorType <= 17; errorType++) {
    for (let code = 0; code <= 17; code++) await ask(errorType, code, 0);
  }
  for (const [id, first, last] of EXPERIMENTERS) {
    for (let code = first; code <= last; code++) await ask(EXPERIMENTER_ERROR, code, id);
  }
  return rows;
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}
