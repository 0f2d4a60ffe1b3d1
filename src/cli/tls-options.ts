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

/** All three files or none: with some of them TLS would be off where it was meant to be on. */
export function readTls(
  methods: readonly string[],
  { privateKey, certificate, caCert }: TlsOptions,
  command: Command,
): TlsFiles | undefined {
  const [needed] = methods.filter((method) => /^p?ssl:/.test(method));
  if (privateKey !== undefined && certificate !== undefined && caCert !== undefined) {
    return { privateKey, certificate, caCert };
  }
  const isPartial = [privateKey, certificate, caCert].some((file) => file !== undefined);
  if (needed === undefined && !isPartial) return undefined;
  const what = needed === undefined ? 'TLS' : `'${needed}'`;
  return command.error(`error: ${what} needs all of --private-key, --certificate and --ca-cert`);
}
