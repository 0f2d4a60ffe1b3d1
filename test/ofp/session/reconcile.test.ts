import { describe, expect, it } from '@jest/globals';
import type { FlowSpec, GroupSpec, MessageInit, MeterSpec, TableState } from '../../../src/ofp/index.ts';
import type { Conversation } from '../../../src/ofp/session/conversation.ts';
import { encodeFlowEntry } from '../../../src/ofp/session/flow-entry.ts';
import { applyChange, type ReconcileOptions, reconcile } from '../../../src/ofp/session/reconcile.ts';
import { Writer } from '../../../src/ofp/wire/writer.ts';

const OWN = { cookie: 7, cookieMask: 0xff };

const flow = (priority: number, tableId = 0): FlowSpec => ({ tableId, priority, match: {}, cookie: 7 });
const all = (groupId: number): GroupSpec => ({ groupId, groupType: 'all', buckets: [] });
const meter = (meterId: number): MeterSpec => ({ meterId, flags: 1, bands: [] });

/** A session that has a state, and writes down what is asked of it and done to it. */
function sessionWith(state: Partial<TableState>) {
  const said: unknown[] = [];
  const bodies = { groupDesc: state.groups, meterConfig: state.meters };
  const name = (message: MessageInit) => ('command' in message ? `${message.type} ${message.command}` : '');
  const session: Pick<Conversation, 'multipart' | 'flowEntries' | 'bundle' | 'sendAll'> = {
    async flowEntries(filter, _options, onEntry) {
      said.push(['flow', filter]);
      const writer = new Writer();
      for (const flow of state.flows ?? []) onEntry(writer, encodeFlowEntry(writer, flow), writer.offset);
    },
    multipart: async (type: string) => {
      said.push(type);
      return (bodies[type as keyof typeof bodies] ?? []) as never;
    },
    bundle: async (build) => {
      const messages: string[] = [];
      build({ send: (message) => messages.push(name(message)) });
      said.push({ bundle: messages });
    },
    sendAll: async (messages) => {
      said.push({ sendAll: [...messages].map(name) });
    },
  };
  return {
    said,
    reconcile: (desired: Partial<TableState>, options: Partial<ReconcileOptions> = {}) =>
      reconcile(session, desired, { ...OWN, ...options }),
    session,
  };
}

describe('reconciling', () => {
  it('reads the flows under the cookie, and groups and meters only when there is a reason', async () => {
    const { said, reconcile } = sessionWith({});
    await reconcile({});
    expect(said).toEqual([['flow', OWN]]);
    await reconcile({ groups: [], meters: [] }, { ownsGroup: () => true, ownsMeter: () => true });
    expect(said.slice(1)).toEqual([['flow', OWN], 'groupDesc', 'meterConfig']);
  });

  it('changes meters, then everything else at once, then takes away unused meters', async () => {
    const { said, reconcile } = sessionWith({ flows: [flow(1)], meters: [meter(1)], groups: [all(1)] });
    const everything = { ownsGroup: () => true, ownsMeter: () => true };
    const counts = await reconcile({ flows: [flow(2)], meters: [meter(2)], groups: [all(2)] }, everything);
    expect(counts).toEqual({ added: 3, changed: 0, deleted: 3 });
    expect(said.slice(3)).toEqual([
      { sendAll: ['meterMod add'] },
      { bundle: ['groupMod add', 'flowMod deleteStrict', 'flowMod add', 'groupMod delete'] },
      { sendAll: ['meterMod delete'] },
    ]);
  });

  it('sends nothing when nothing is to be done', async () => {
    const state = { flows: [flow(1)], groups: [all(1)], meters: [meter(1)] };
    const { said, reconcile } = sessionWith(state);
    expect(await reconcile(state)).toEqual({ added: 0, changed: 0, deleted: 0 });
    expect(said).toEqual([['flow', OWN], 'groupDesc', 'meterConfig']);
  });

  it('leaves groups and meters alone that are not its own', async () => {
    const { said, reconcile } = sessionWith({ groups: [all(1), all(2)], meters: [meter(1), meter(2)] });
    await reconcile({ groups: [all(2)], meters: [meter(2)] });
    expect(said).toHaveLength(3);
    const some = { ownsGroup: (id: number) => id === 2, ownsMeter: (id: number) => id === 2 };
    expect(await reconcile({}, some)).toEqual({ added: 0, changed: 0, deleted: 2 });
  });

  it('reads desired states that can be read only once', async () => {
    const { reconcile } = sessionWith({ groups: [all(1)], meters: [meter(1)] });
    function* once<T>(value: T) {
      yield value;
    }
    const desired = { flows: once(flow(1)), groups: once(all(1)), meters: once(meter(1)) };
    expect(await reconcile(desired)).toEqual({ added: 1, changed: 0, deleted: 0 });
  });
});

describe('applying a change', () => {
  it('sends only the difference, and reads nothing', async () => {
    const { said, session } = sessionWith({});
    const current = { flows: [flow(1), flow(2)], groups: [], meters: [] };
    const desired = { ...current, flows: [flow(2), flow(3)] };
    expect(await applyChange(session, current, desired)).toEqual({ added: 1, changed: 0, deleted: 1 });
    expect(said).toEqual([{ bundle: ['flowMod deleteStrict', 'flowMod add'] }]);
    await applyChange(session, current, current);
    expect(said).toHaveLength(1);
  });
});
