import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TlsFiles } from '../../src/net/tls.ts';

/** Node reads certificates but cannot make them; tests that need some are skipped without the command. */
export const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** A certificate authority whose files lie in one directory. */
export class Authority {
  readonly certificate: string;
  readonly #directory: string;
  readonly #name: string;
  readonly #key: string;

  constructor(directory: string, name: string) {
    this.#directory = directory;
    this.#name = name;
    this.#key = join(directory, `${name}.key`);
    this.certificate = join(directory, `${name}.pem`);
    openssl(
      'req',
      '-x509',
      ...NEW_KEY,
      '-days',
      '1',
      '-subj',
      `/CN=${name}`,
      '-keyout',
      this.#key,
      '-out',
      this.certificate,
    );
  }

  /** Makes a key and a certificate for a peer that trusts this same authority. */
  issue(commonName: string): TlsFiles {
    const path = join(this.#directory, `${this.#name}-${commonName}`);
    const request = `${path}.csr`;
    const privateKey = `${path}.key`;
    const certificate = `${path}.pem`;
    openssl('req', '-new', ...NEW_KEY, '-subj', `/CN=${commonName}`, '-keyout', privateKey, '-out', request);
    openssl(
      'x509',
      '-req',
      '-days',
      '1',
      '-in',
      request,
      '-CA',
      this.certificate,
      '-CAkey',
      this.#key,
      '-CAcreateserial',
      '-out',
      certificate,
    );
    return { privateKey, certificate, caCert: this.certificate };
  }
}

/** Puts the key and certificate of one peer in the place of another's. */
export function replaceFiles(target: TlsFiles, source: TlsFiles): void {
  copyFileSync(source.privateKey, target.privateKey);
  copyFileSync(source.certificate, target.certificate);
}

function openssl(...args: string[]): void {
  execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] });
}
