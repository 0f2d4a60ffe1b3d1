import { fileURLToPath } from 'node:url';

/** Debian's own, which finds Debian's packages. */
export const PYTHON = '/usr/bin/python3';

/** Said where os-ken would have taken part. */
export const OS_KEN_MISSING = 'os-ken is not installed (apt-get install python3-os-ken)';

/** The path of a program of this folder. */
export function programPath(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}

/** The arguments that make `osken-manager` a learning switch that listens on a port. */
export function managerArgs(port: number): readonly string[] {
  const listen = ['--ofp-listen-host', '127.0.0.1', '--ofp-tcp-listen-port', `${port}`];
  return [...listen, '--default-log-level', '50', programPath('learning_switch.py')];
}
