import { type LoadOrder, load } from './load.ts';

/** What the process of the switches is told to do. */
export type SwitchOrder = { readonly type: 'load' } & LoadOrder;

process.on('disconnect', () => process.exit());
process.on('message', (order: SwitchOrder) => {
  obey(order).then(
    (result) => process.send!({ result }),
    (error: Error) => process.send!({ error: error.message }),
  );
});
process.send!({ isReady: true });

function obey(order: SwitchOrder): Promise<unknown> {
  return load(order, () => process.send!({ isBegun: true }));
}
