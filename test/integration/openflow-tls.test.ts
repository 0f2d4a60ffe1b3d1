import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { TlsFiles } from '../../src/net/tls.ts';
import { connectSwitch, OpenFlowServer, type Switch } from '../../src/ofp/index.ts';
import type { GalagoError } from '../../src/util/errors.ts';
import { eventually, type Host, Lab } from '../lab/index.ts';
import { Authority, replaceFiles } from '../net/certificates.ts';
import { nextSwitch } from './called-by-switch.ts';
import { describeWithLab } from './describe-with-lab.ts';

describeWithLab('TLS with an Open vSwitch', () => {
  let lab: Lab;
  let host: Host;
  let ours: Authority;
  let foreign: Authority;
  let controllerFiles: TlsFiles;
  let switchFiles: TlsFiles;

  beforeAll(async () => {
    lab = await Lab.create();
    host = await lab.addSwitch();
    ours = new Authority(lab.dir, 'ours');
    foreign = new Authority(lab.dir, 'foreign');
    switchFiles = ours.issue('switch');
  });

  beforeEach(async () => {
    controllerFiles = ours.issue('controller');
    await setSsl(switchFiles);
  });

  afterAll(() => lab?.close());

  /** The files by which the switch proves who it is, and knows others. */
  async function setSsl({ privateKey, certificate, caCert }: TlsFiles): Promise<void> {
    await host.ovs.vsctl('set-ssl', privateKey, certificate, caCert);
  }

  /** Waits for the switch's log to say something that it has not said before. */
  async function logged(text: string, act: () => Promise<unknown>): Promise<void> {
    const count = () => readFileSync(host.ovs.logFile, 'utf8').split(text).length;
    const before = count();
    await act();
    await eventually(() => count() > before, { what: `'${text}' in ${host.ovs.logFile}` });
  }

  describe('when the switch calls', () => {
    let server: OpenFlowServer;

    beforeEach(async () => {
      server = new OpenFlowServer({ listen: 'pssl:0:127.0.0.1', tls: controllerFiles });
      await server.listen();
      await host.importPort(Number(server.method!.split(':')[1]), 6653);
    });

    afterEach(async () => {
      await host.ovs.vsctl('del-controller', host.bridge);
      await server.close();
      host.closeSockets();
    });

    async function setController(): Promise<void> {
      await host.ovs.vsctl(
        ...['set-controller', host.bridge, 'ssl:127.0.0.1:6653'],
        ...['--', 'set', 'Controller', host.bridge, 'max_backoff=1000'],
      );
    }

    async function joined(): Promise<Switch> {
      const session = nextSwitch(server);
      await setController();
      return session;
    }

    function refused(): Promise<GalagoError> {
      return new Promise((resolve) => server.once('refused', ({ error }) => resolve(error)));
    }

    it('is a session like any other', async () => {
      const session = await joined();
      const id = await host.ovs.vsctl('get', 'Bridge', host.bridge, 'datapath_id');
      expect(id).toBe(`"${session.id}"\n`);
      await session.barrier();
      await session.bundle((bundle) => {
        for (let priority = 1; priority < 2000; priority++)
          bundle.send({ type: 'flowMod', command: 'add', priority });
      });
      expect(await session.multipart('flow')).toHaveLength(1999);
    });

    it.each<[string, () => TlsFiles]>([
      ['that another authority signed', () => foreign.issue('switch')],
      ['that nobody but itself signed', () => new Authority(lab.dir, 'self').issue('switch')],
    ])('is refused with a certificate %s', async (_which, files) => {
      const error = refused();
      await setSsl({ ...files(), caCert: switchFiles.caCert });
      await setController();
      expect(await error).toMatchObject({ code: 'NET_HANDSHAKE_FAILED' });
      expect(server.switches.size).toBe(0);
    });

    it('refuses us when it does not know our authority', async () => {
      const error = refused();
      await logged('certificate verify failed', async () => {
        await setSsl({ ...switchFiles, caCert: foreign.certificate });
        await setController();
      });
      expect(await error).toMatchObject({ code: 'NET_HANDSHAKE_FAILED' });
      expect(server.switches.size).toBe(0);
    });

    it('sees files that were replaced at its next connection, while the open one goes on', async () => {
      const session = await joined();
      replaceFiles(controllerFiles, foreign.issue('controller'));
      await session.barrier();
      const error = refused();
      await logged('certificate verify failed', () => session.close());
      expect(await error).toMatchObject({ code: 'NET_HANDSHAKE_FAILED' });
      const again = nextSwitch(server);
      replaceFiles(controllerFiles, ours.issue('renewed'));
      await (await again).barrier();
    });

    it('is answered in TLS only', async () => {
      const error = refused();
      await host.ovs.vsctl('set-controller', host.bridge, 'tcp:127.0.0.1:6653');
      expect(await error).toMatchObject({ code: 'NET_HANDSHAKE_FAILED' });
    });
  });

  describe('when we call', () => {
    let method: string;

    beforeAll(async () => {
      await host.ovs.vsctl('set-controller', host.bridge, 'pssl:6654:127.0.0.1');
      method = `ssl:127.0.0.1:${await host.exportPort(6654)}`;
    });

    it('is a session like any other', async () => {
      await using session = await connectSwitch(method, { tls: controllerFiles });
      const id = await host.ovs.vsctl('get', 'Bridge', host.bridge, 'datapath_id');
      expect(id).toBe(`"${session.id}"\n`);
      await session.barrier();
    });

    it('refuses us with a certificate of another authority', async () => {
      const tls = { ...foreign.issue('controller'), caCert: ours.certificate };
      // With TLS 1.3 the verdict comes after the handshake.
      await expect(connectSwitch(method, { tls })).rejects.toMatchObject({
        code: expect.stringMatching(/^(?:OFP_CLOSED|NET_CONNECT_FAILED)$/),
      });
    });

    it('is refused by us when another authority signed its certificate', async () => {
      const tls = { ...controllerFiles, caCert: foreign.certificate };
      await expect(connectSwitch(method, { tls })).rejects.toMatchObject({ code: 'NET_CONNECT_FAILED' });
    });

    it('is not called without files', async () => {
      await expect(connectSwitch(method)).rejects.toMatchObject({ code: 'NET_TLS_REQUIRED' });
    });
  });
});
