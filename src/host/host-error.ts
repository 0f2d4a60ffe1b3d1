import { GalagoError } from '../util/errors.ts';

/** What the machine itself refused or could not do: a command that failed, a switch or a daemon that says no. */
export class HostError extends GalagoError {}
