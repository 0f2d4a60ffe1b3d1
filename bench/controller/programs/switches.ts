import { type LoadOrder, load } from './load.ts';
import { type Storm, type StormOrder, storm } from './storm.ts';

/** What the process of the switches is told to do. */
export type SwitchOrder =
  | ({ readonly type: 'load' } & LoadOrder)
  | ({ readonly type: 'storm' } & StormOrder)
  | { readonly type: 'release' };

let connected: Storm | undefined;

process.on('disconnect', () => process.exit());
process.on('message', (order: SwitchOrder) => {
  obey(order).then(
    (result) => process.send!({ result }),
    (error: Error) => process.send!({ error: error.message }),
  );
});
process.send!({ isReady: true });

async function obey(order: SwitchOrder): Promise<unknown> {
  switch (order.type) {
    case 'load':
      return load(order, () => process.send!({ isBegun: true }));
    case 'storm':
      connected = await storm(order);
      return connected.result;
    case 'release':
      connected?.release();
      connected = undefined;
      return true;
  }
}
