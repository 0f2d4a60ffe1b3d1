import { connectSwitch, type FlowSpec, output } from '../../src/ofp/index.ts';

// Reconciles a bridge between two states without end, both of which let two ports talk to each other: the test
// kills this process. Arguments: the bridge's socket, and the two ports.
const [socket = '', ...ports] = process.argv.slice(2);
const [a = 0, b = 0] = ports.map(Number);
const COOKIE = { cookie: 0x7e57, cookieMask: 0xffff };
const FILLERS = 300;

const apply = (port: number) => ({ type: 'applyActions', actions: [output(port)] }) as const;
const flow = (tableId: number, inPort: number, instructions: FlowSpec['instructions']): FlowSpec => ({
  ...COOKIE,
  tableId,
  priority: 10,
  match: { inPort },
  ...(instructions && { instructions }),
});
/** Flows that nothing takes, so that most of the time is spent in the middle of a change. */
const fillers = (first: number) =>
  Array.from({ length: FILLERS }, (_, i) => flow(9, first + i, [{ type: 'gotoTable', tableId: 10 }]));

const direct = [flow(0, a, [apply(b)]), flow(0, b, [apply(a)]), ...fillers(1000)];
const detour = [
  flow(0, a, [{ type: 'gotoTable', tableId: 1 }]),
  flow(0, b, [{ type: 'gotoTable', tableId: 1 }]),
  flow(1, a, [apply(b)]),
  flow(1, b, [apply(a)]),
  ...fillers(1000 + FILLERS / 2),
];

const session = await connectSwitch(`unix:${socket}`);
for (;;) {
  for (const flows of [direct, detour]) await session.reconcile({ flows }, COOKIE);
  console.log('reconciled');
}
