import type { Command } from 'commander';
import { isJsonObject, type Json, OvsdbError } from '../../ovsdb/index.ts';
import { readText } from './file.ts';
import {
  addServerOptions,
  callTime,
  dialServer,
  SERVER_HELP,
  type ServerOptions,
  takeServer,
} from './server.ts';

interface TransactCommandOptions extends ServerOptions {
  readonly file?: string;
  readonly dryRun?: true;
}

/** Adds `galago ovsdb transact`. */
export function addTransactCommand(ovsdb: Command): void {
  const transact = ovsdb
    .command('transact')
    .summary('carry out a transaction')
    .description(
      'Carries out a transaction, all of it or nothing, and prints its results as JSON. The transaction is an array: ' +
        'the name of the database, then the operations of RFC 7047, 5.2.',
    )
    .usage('[options] [server] [transaction]')
    .argument('[what...]', `${SERVER_HELP}, and the transaction as JSON; without it, --file`)
    .option('-f, --file <path>', "read the transaction from a file; '-' is standard input")
    .option('--dry-run', 'have the server take it all back, and print what would have come of it');
  addServerOptions(transact)
    .addHelpText('after', EXAMPLES)
    .action((args: string[], options: TransactCommandOptions) => run(args, options, transact));
}

const EXAMPLES = `
Examples:
  $ galago ovsdb transact '["Open_vSwitch", {"op": "select", "table": "Bridge", "where": []}]'
  $ galago ovsdb transact --file change.json
  $ galago ovsdb transact --file change.json --dry-run`;

async function run(args: readonly string[], given: TransactCommandOptions, command: Command): Promise<void> {
  const place = takeServer(args, given, command);
  const { options } = place;
  const [text] = place.args;
  if (place.args.length > 1 || (text === undefined) === (options.file === undefined)) {
    command.error('error: expected a transaction, or --file, and not both');
  }
  const transaction = parse(text ?? (await readText(options.file!, command)), command);
  await using peer = await dialServer(options, command);
  const sent = options.dryRun ? [...transaction, ABORT] : transaction;
  const answer = await peer.request('transact', sent, callTime(options, command));
  const results = options.dryRun ? withoutAbort(answer, transaction) : answer;
  command.configureOutput().writeOut?.(`${JSON.stringify(results)}\n`);
  failIfRefused(transaction, results);
}

/** Takes back what the operations before it have done (RFC 7047, 5.2.8). */
const ABORT = { op: 'abort' };

/** The results, without that of the abort, if it came to that. */
function withoutAbort(results: Json, transaction: readonly Json[]): Json {
  return Array.isArray(results) ? results.slice(0, transaction.length - 1) : results;
}

function parse(text: string, command: Command): readonly Json[] {
  let json: Json = null;
  try {
    json = JSON.parse(text) as Json;
  } catch (error) {
    command.error(`error: the transaction is no JSON: ${(error as Error).message}`);
  }
  if (Array.isArray(json) && typeof json[0] === 'string') return json;
  return command.error('error: expected a transaction: ["DATABASE", {"op": …}, …]');
}

/** The results of a transaction that failed are in order up to the operation that did, or the commit. */
function failIfRefused(transaction: readonly Json[], results: Json): void {
  if (!Array.isArray(results)) return;
  const index = results.findIndex((result) => isJsonObject(result) && result.error !== undefined);
  if (index < 0) return;
  const operation = transaction[index + 1];
  const what = isJsonObject(operation) ? String(operation.op) : 'commit';
  throw new OvsdbError(results[index], { what, ...(isJsonObject(operation) && { operation: index }) });
}
