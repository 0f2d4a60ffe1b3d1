import { execFile, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { HostError } from '../host-error.ts';

/** How {@link runCommand} runs a command. */
export interface CommandOptions {
  /** Text for its standard input. */
  readonly input?: string;
  /** Path of the network namespace that it runs in. Default: that of this process. */
  readonly netns?: string;
  /** It is killed after so long. Default 10000. */
  readonly timeoutMs?: number;
}

/**
 * Runs a command of the system to its end, without a shell, and returns what it printed.
 * @throws HostError `HOST_COMMAND_MISSING`, `HOST_COMMAND_FAILED` with what it said.
 */
export function runCommand(
  name: string,
  args: readonly string[],
  { input = '', netns, timeoutMs = 10_000 }: CommandOptions = {},
): Promise<string> {
  const [file, argv] = netns === undefined ? [name, args] : ['nsenter', [`--net=${netns}`, name, ...args]];
  return new Promise((resolve, reject) => {
    const options = { env: ENVIRONMENT, timeout: timeoutMs, maxBuffer: MAX_OUTPUT_BYTES };
    const child = execFile(file, argv, options, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(failure(file!, [name, ...args], error, stderr));
    });
    // A command that ends before it has read everything says so by its status.
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
  });
}

/** What a command printed; undefined when it is not there, or the kernel has nothing for it. */
export async function tryCommand(
  name: string,
  args: readonly string[],
  options?: CommandOptions,
): Promise<string | undefined> {
  try {
    return await runCommand(name, args, options);
  } catch (error) {
    if (error instanceof HostError) return undefined;
    throw error;
  }
}

/** What {@link followCommand} tells. */
export interface CommandListener {
  onLine(line: string): void;
  /** It has ended by itself, or could not be run at all. */
  onEnd(): void;
}

/** Runs a command that goes on, and tells of the lines that it prints. @returns what ends it */
export function followCommand(
  name: string,
  args: readonly string[],
  { onLine, onEnd }: CommandListener,
): () => void {
  const child = spawn(name, args, { env: ENVIRONMENT, stdio: ['ignore', 'pipe', 'ignore'] });
  let isOver = false;
  const end = () => {
    if (!isOver) onEnd();
    isOver = true;
  };
  child.on('error', end);
  child.on('close', end);
  // There is no output when this process has too many files open.
  if (child.stdout) createInterface({ input: child.stdout }).on('line', (line) => isOver || onLine(line));
  return () => {
    isOver = true;
    child.kill();
  };
}

function failure(file: string, words: readonly string[], cause: Error, stderr: string): HostError {
  const isMissing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
  const missing = isMissing ? file : /^nsenter: failed to execute (.+): No such file/.exec(stderr)?.[1];
  if (missing !== undefined) {
    const message = `there is no command '${missing}' on this machine: install ${PACKAGES[missing] ?? missing}`;
    return new HostError('HOST_COMMAND_MISSING', message, { cause });
  }
  const said = stderr.trim().split('\n').slice(0, 3).join('; ') || cause.message;
  return new HostError('HOST_COMMAND_FAILED', `${words.join(' ')}: ${said}`, { cause });
}

/** The packages of commands that are called otherwise, in most distributions. */
const PACKAGES: Readonly<Record<string, string>> = {
  ip: 'iproute2',
  nsenter: 'util-linux',
  tee: 'coreutils',
};

/** Where the commands are that only root uses, which are not in everybody's path. Messages are in English. */
const ENVIRONMENT = {
  ...process.env,
  PATH: `${process.env.PATH ?? '/usr/bin:/bin'}:/usr/sbin:/sbin`,
  LC_ALL: 'C',
};

const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;
