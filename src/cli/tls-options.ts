import type { Command } from 'commander';
import type { TlsFiles } from '../net/index.ts';

/** The options that name the files of TLS, as they were read. */
export interface TlsOptions {
  readonly privateKey?: string;
  readonly certificate?: string;
  readonly caCert?: string;
}

/** Adds the options of TLS; `methods` are those that it is for. */
export function addTlsOptions(command: Command, methods: string): Command {
  return command
    .option('--private-key <file>', `our private key in PEM, for ${methods}`)
    .option('--certificate <file>', 'our certificate in PEM')
    .option(
      '--ca-cert <file>',
      "the authorities' certificates in PEM: peers must have one that these signed",
    );
}

/** All three files or none, and none for nothing: else TLS would be off where it was meant to be on. */
export function readTls(
  methods: readonly string[],
  { privateKey, certificate, caCert }: TlsOptions,
  command: Command,
): TlsFiles | undefined {
  const [needed] = methods.filter((method) => /^p?ssl:/.test(method));
  const given = [privateKey, certificate, caCert].filter((file) => file !== undefined);
  if (needed === undefined && given.length === 0) return undefined;
  const what = needed === undefined ? 'TLS' : `'${needed}'`;
  if (privateKey === undefined || certificate === undefined || caCert === undefined)
    return command.error(`error: ${what} needs all of --private-key, --certificate and --ca-cert`);
  if (needed !== undefined) return { privateKey, certificate, caCert };
  const spoken = methods.map((method) => `'${method}'`).join(', ');
  const near = methods.map((method) => secured(method)).find((method) => method !== undefined);
  const hint = near === undefined ? '' : ` (Did you mean '${near}'?)`;
  return command.error(`error: --private-key, --certificate and --ca-cert are not for ${spoken}${hint}`);
}

/** The method that is meant by a plain one with TLS. */
function secured(method: string): string | undefined {
  return /^p?tcp:/.test(method) ? method.replace('tcp:', 'ssl:') : undefined;
}
