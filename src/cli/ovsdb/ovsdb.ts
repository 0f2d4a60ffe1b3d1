import type { Command } from 'commander';
import { EXIT_CODE_HELP } from '../exit-code.ts';
import { addGenerateCommand } from './generate.ts';
import { addMonitorCommand } from './monitor.ts';
import { addReadCommands } from './read.ts';
import { addTransactCommand } from './transact.ts';

/** Adds `galago ovsdb` and its commands, which are called as those of `ovsdb-client`. */
export function addOvsdbCommand(program: Command): void {
  const ovsdb = program
    .command('ovsdb')
    .description(
      'Speaks to an OVSDB server: shows its databases, follows their changes, carries out transactions.',
    )
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    .addHelpText('after', EXAMPLES + EXIT_CODE_HELP);
  addReadCommands(ovsdb);
  addMonitorCommand(ovsdb);
  addTransactCommand(ovsdb);
  addGenerateCommand(ovsdb);
}

const EXAMPLES = `
Examples:
  $ galago ovsdb list-dbs
  $ galago ovsdb dump Interface name ofport error
  $ galago ovsdb monitor --db tcp:127.0.0.1:6640 Bridge
  $ galago ovsdb transact '["Open_vSwitch", {"op": "select", "table": "Bridge", "where": []}]'
  $ galago ovsdb generate vswitch.ovsschema > open-vswitch.ts
`;
