import { describe, expect, it } from '@jest/globals';
import { type FlowSpec, type MessageInit, output } from '../../../src/ofp/index.ts';
import type { FlowStatsInit } from '../../../src/ofp/multipart/flow-stats.ts';
import { MULTIPART_MORE } from '../../../src/ofp/multipart/multipart.ts';
import { openSwitch } from './peer.ts';

const OWN = { cookie: 0, cookieMask: 0 };

function flow(priority: number): FlowSpec {
  const instructions = [{ type: 'applyActions', actions: [output(priority)] }] as const;
  return { tableId: 0, priority, match: { inPort: priority }, instructions };
}

function listed(spec: FlowSpec): FlowStatsInit {
  const counters = { durationSec: 1, durationNsec: 0, packetCount: 0, byteCount: 0 };
  return { ...counters, cookie: 0, idleTimeout: 0, hardTimeout: 0, flags: 0, ...spec } as FlowStatsInit;
}

function part(xid: number, flows: readonly FlowSpec[], flags = 0): MessageInit {
  return { type: 'multipartReply', multipartType: 'flow', xid, flags, body: flows.map(listed) };
}

describe('reconciling over a session', () => {
  it('compares the flows of all parts, and sends nothing when they are as they should be', async () => {
    const { session, peer } = await openSwitch();
    const done = session.reconcile({ flows: [flow(1), flow(2)] }, OWN);
    const { xid } = await peer.next('multipartRequest');
    peer.send(part(xid, [flow(2)], MULTIPART_MORE), part(xid, [], MULTIPART_MORE), part(xid, [flow(1)]));
    expect(await done).toEqual({ added: 0, changed: 0, deleted: 0 });
  });

  it('leaves the replies to other requests decoded', async () => {
    const { session, peer } = await openSwitch();
    const done = session.reconcile({ flows: [flow(1)] }, OWN);
    const stats = session.multipart('flow');
    const first = await peer.next('multipartRequest');
    const second = await peer.next('multipartRequest');
    peer.send(part(second.xid, [flow(2)]), part(first.xid, [flow(1)]));
    expect(await stats).toMatchObject([{ priority: 2, match: { inPort: 2 } }]);
    expect(await done).toMatchObject({ added: 0 });
    const later = session.multipart('flow');
    peer.send(part((await peer.next('multipartRequest')).xid, [flow(3)]));
    expect(await later).toMatchObject([{ priority: 3 }]);
  });

  it('ends with the session when an entry is malformed', async () => {
    const { session, peer } = await openSwitch();
    const done = session.reconcile({ flows: [] }, OWN);
    const { xid } = await peer.next('multipartRequest');
    const body = Buffer.from('0039'.padEnd(112, '0'), 'hex');
    peer.send({ type: 'multipartReply', multipartType: 'unknown', code: 1, flags: 0, xid, body });
    await expect(done).rejects.toMatchObject({ code: 'OFP_BAD_LENGTH' });
    expect(session.isClosed).toBe(true);
  });

  it('refuses a reply of another type', async () => {
    const { session, peer } = await openSwitch();
    const done = session.reconcile({ flows: [] }, OWN);
    const { xid } = await peer.next('multipartRequest');
    peer.send({ type: 'multipartReply', multipartType: 'portDesc', xid, body: [] });
    await expect(done).rejects.toMatchObject({ code: 'OFP_UNEXPECTED_REPLY' });
  });
});
