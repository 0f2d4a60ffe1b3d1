import { X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import type { SecureContextOptions } from 'node:tls';
import { UsageError } from '../util/errors.ts';
import { type ConnectionMethod, formatMethod } from './method.ts';
import { reasonOf } from './reason.ts';

/**
 * The PEM files of `ssl:` and `pssl:`, by the names `ovs-vsctl set-ssl` gives them. Both sides prove who they
 * are: a peer without a certificate signed by `caCert` is refused, whether it dialled or was dialled, and this
 * cannot be turned off. The host name is not compared with the certificate, because Open vSwitch does not
 * either: whoever holds a certificate of this CA is trusted, so the CA should sign for nothing else.
 * TLS 1.2 is the oldest version spoken.
 *
 * The files may be replaced at any time: the next connection uses the new ones, the open ones go on.
 */
export interface TlsFiles {
  /** Path of our private key. */
  readonly privateKey: string;
  /** Path of our certificate, followed by intermediate ones if there are any. */
  readonly certificate: string;
  /** Path of the certificates of the authorities that sign our peers'. */
  readonly caCert: string;
}

/** `node:tls`, which is loaded when it is first used: that takes as long as a short command does. */
export function nodeTls(): typeof import('node:tls') {
  return process.getBuiltinModule('node:tls');
}

/**
 * Reads the files of `ssl:` and `pssl:`, and checks that they hold what they should and belong together.
 * @throws UsageError `NET_TLS_FILES_INVALID` naming the file, or the pair, that cannot be used.
 */
export function readTlsFiles(files: TlsFiles): SecureContextOptions {
  const key = readPem('privateKey', files.privateKey);
  const cert = readPem('certificate', files.certificate);
  const ca = readPem('caCert', files.caCert);
  checkCertificate('certificate', files.certificate, cert);
  // OpenSSL takes a file without any certificate for an empty list, and would then refuse every peer.
  checkCertificate('caCert', files.caCert, ca);
  const options: SecureContextOptions = { key, cert, ca, minVersion: 'TLSv1.2' };
  try {
    nodeTls().createSecureContext(options);
  } catch (cause) {
    throw unusable(`privateKey '${files.privateKey}' with certificate '${files.certificate}'`, cause);
  }
  return options;
}

/** The files of a listener, read again when one of them has changed on disk. */
export class TlsFileWatch {
  readonly #files: TlsFiles;
  #stamp = '';

  constructor(files: TlsFiles) {
    this.#files = files;
  }

  /**
   * The contents of the files, or `undefined` when they are those of the last call. Files caught halfway
   * through a replacement throw and are tried again at the next call.
   * @throws UsageError `NET_TLS_FILES_INVALID`.
   */
  changed(): SecureContextOptions | undefined {
    const stamp = this.#readStamp();
    if (stamp === this.#stamp) return undefined;
    const options = readTlsFiles(this.#files);
    this.#stamp = stamp;
    return options;
  }

  /** Taken before the files are read, so that a change in between is seen by the next call. */
  #readStamp(): string {
    const { privateKey, certificate, caCert } = this.#files;
    return `${stampOf('privateKey', privateKey)} ${stampOf('certificate', certificate)} ${stampOf('caCert', caCert)}`;
  }
}

/**
 * Refuses `ssl:` and `pssl:` without files: plain TCP is never put in their place.
 * @throws UsageError `NET_TLS_REQUIRED`.
 */
export function requireTls(method: ConnectionMethod, files: TlsFiles | undefined): TlsFiles {
  if (files !== undefined) return files;
  throw new UsageError(
    'NET_TLS_REQUIRED',
    `${formatMethod(method)} needs the files privateKey, certificate and caCert`,
  );
}

function readPem(name: keyof TlsFiles, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw unusable(`${name} '${path}'`, cause);
  }
}

function checkCertificate(name: keyof TlsFiles, path: string, pem: Buffer): void {
  try {
    new X509Certificate(pem);
  } catch (cause) {
    throw unusable(`${name} '${path}'`, cause);
  }
}

/** The inode is there for files replaced by renaming, the nanoseconds for those written twice in one tick. */
function stampOf(name: keyof TlsFiles, path: string): string {
  try {
    const { ino, size, mtimeNs } = statSync(path, { bigint: true });
    return `${ino}:${size}:${mtimeNs}`;
  } catch (cause) {
    throw unusable(`${name} '${path}'`, cause);
  }
}

function unusable(what: string, cause: unknown): UsageError {
  return new UsageError('NET_TLS_FILES_INVALID', `cannot use the ${what}: ${reasonOf(cause)}`, { cause });
}
