import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { dial } from '../../src/net/index.ts';
import type { TlsFiles } from '../../src/net/tls.ts';
import { Backoff, listenOvsdb, OvsdbClient } from '../../src/ovsdb/index.ts';
import { eventually, Lab, run } from '../lab/index.ts';
import { Authority, replaceFiles } from '../net/certificates.ts';
import { Arrivals } from '../net/sockets.ts';
import { testSchema } from '../ovsdb/test-schema.ts';
import { describeWithLab } from './describe-with-lab.ts';

/** An address that nobody else listens on, so that a free port of it stays free. */
const ADDRESS = '127.0.0.77';

describeWithLab('OVSDB over TLS with a real ovsdb-server', () => {
  let lab: Lab;
  let ours: Authority;
  let foreign: Authority;
  let serverFiles: TlsFiles;

  beforeAll(async () => {
    lab = await Lab.create();
    ours = new Authority(lab.dir, 'ours');
    foreign = new Authority(lab.dir, 'foreign');
    serverFiles = ours.issue('server');
  });

  afterAll(() => lab?.close());

  async function startServer(name: string, remote: string): Promise<void> {
    const file = (suffix: string) => join(lab.dir, `${name}.${suffix}`);
    await writeFile(file('ovsschema'), JSON.stringify(testSchema.json));
    await run('ovsdb-tool', ['create', file('db'), file('ovsschema')]);
    const { privateKey, certificate, caCert } = serverFiles;
    const tls = [`--private-key=${privateKey}`, `--certificate=${certificate}`, `--ca-cert=${caCert}`];
    await lab.start('ovsdb-server', [file('db'), `--remote=${remote}`, `--unixctl=${file('ctl')}`, ...tls]);
  }

  async function freePort(): Promise<number> {
    const server = createServer().listen(0, ADDRESS);
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    return port;
  }

  it('works as over any connection, and takes certificates that have been replaced', async () => {
    const port = await freePort();
    await startServer('pssl', `pssl:${port}:${ADDRESS}`);
    const tls = { ...foreign.issue('client'), caCert: ours.certificate };
    const backoff = new Backoff({ minMs: 5, maxMs: 50 });
    const failures: string[] = [];
    const connecting = OvsdbClient.connect(`ssl:${ADDRESS}:${port}`, {
      ...{ schema: testSchema, tls, backoff, waitForServer: true },
      dial: async (method, options) => {
        const socket = await dial(method, options).catch((error) => {
          failures.push(error.code);
          throw error;
        });
        socket.once('close', () => failures.push('closed'));
        return socket;
      },
    });
    await eventually(() => failures.includes('closed'), { what: 'a refused certificate' });
    replaceFiles(tls, ours.issue('client'));
    await using client = await connecting;
    const replica = await client.replicate({ Part: ['name'], Thing: ['name'] });
    await client.transact((tx) =>
      tx.insert('Thing', { name: 'x', parts: [tx.insert('Part', { name: 'y' })] }),
    );
    expect([replica.Thing.rows.size, replica.Part.find({ name: 'y' })?.name]).toEqual([1, 'y']);
  });

  it('accepts servers that call, by certificate', async () => {
    const clients = new Arrivals<OvsdbClient<typeof testSchema.json>>();
    const options = { schema: testSchema, tls: ours.issue('controller') };
    const listener = await listenOvsdb(`pssl:0:${ADDRESS}`, clients.push, options);
    try {
      const port = 'port' in listener.method ? listener.method.port : 0;
      await startServer('ssl', `ssl:${ADDRESS}:${port}`);
      const client = await clients.next();
      expect(await client.listDbs()).toContain('Test');
    } finally {
      await listener.close();
    }
  });
});
