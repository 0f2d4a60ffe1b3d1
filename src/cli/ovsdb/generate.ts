import type { Command } from 'commander';
import { generateSchema } from '../../ovsdb/index.ts';
import { nameOfFile, readText } from './file.ts';

interface GenerateOptions {
  readonly exportName?: string;
  readonly importFrom?: string;
}

/** Adds `galago ovsdb generate`. */
export function addGenerateCommand(ovsdb: Command): void {
  const generate = ovsdb
    .command('generate')
    .summary('print a TypeScript module for a schema')
    .description('Prints a TypeScript module for a schema: the types of its rows follow from it.')
    .argument('<file>', "an .ovsschema file; '-' is standard input")
    .option('--export-name <name>', "the name of the constant (default: the database's, in camelCase)")
    .option('--import-from <module>', 'where defineSchema is imported from (default: galago/ovsdb)')
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', EXAMPLES)
    .action((file: string, options: GenerateOptions) => run(file, options, generate));
}

const EXAMPLES = `
Examples:
  $ galago ovsdb generate vswitch.ovsschema > open-vswitch.ts
  $ galago ovsdb get-schema _Server | galago ovsdb generate -`;

async function run(file: string, options: GenerateOptions, command: Command): Promise<void> {
  const json = await readText(file, command);
  let module: string;
  try {
    module = generateSchema(JSON.parse(json), options);
  } catch (error) {
    return command.error(`error: ${nameOfFile(file)} is no schema: ${(error as Error).message}`);
  }
  command.configureOutput().writeOut?.(module);
}
