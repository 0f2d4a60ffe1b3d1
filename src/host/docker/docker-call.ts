import { HostError } from '../host-error.ts';

/** One call of the Docker Engine API. */
export interface DockerCall {
  /** Default `GET`. */
  readonly method?: 'GET' | 'POST' | 'DELETE';
  /** With its query: `/containers/json?all=true`. */
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: object;
  /** How long the Engine may be silent. Default 10000. */
  readonly timeoutMs?: number;
}

/** What the Engine answered. */
export interface DockerAnswer {
  readonly status: number;
  readonly body: string;
}

/**
 * Calls the Docker Engine at its Unix socket, whatever it answers.
 * @throws HostError `HOST_DOCKER_FAILED` when it does not answer, or with more than can be read
 */
export function callDocker(
  socketPath: string,
  { method = 'GET', path, body, timeoutMs = TIMEOUT_MS }: DockerCall,
): Promise<DockerAnswer> {
  return new Promise((resolve, reject) => {
    const fail = (why: string, cause?: unknown) =>
      reject(new HostError('HOST_DOCKER_FAILED', `docker at ${socketPath}: ${why}`, { cause }));
    const json = body === undefined ? undefined : JSON.stringify(body);
    const headers = { host: 'docker', ...(json !== undefined && { 'content-type': 'application/json' }) };
    const options = { socketPath, method, path, headers, timeout: timeoutMs };
    // Loaded here, since containers that are namespaces or processes can do without, and it takes its time.
    const call = process.getBuiltinModule('node:http').request(options, (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > MAX_BYTES) response.destroy(new Error(`the answer is longer than ${MAX_BYTES} bytes`));
        chunks.push(chunk);
      });
      response.on('error', (error) => fail(error.message, error));
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() });
      });
    });
    call.on('timeout', () => call.destroy(new Error(`no answer within ${timeoutMs} ms`)));
    call.on('error', (error) => fail(error.message, error));
    call.end(json);
  });
}

/** Reads the body of an answer. @throws HostError `HOST_DOCKER_FAILED` when it is no JSON */
export function readDockerJson<T>({ body }: DockerAnswer): T {
  try {
    return JSON.parse(body) as T;
  } catch (cause) {
    throw new HostError('HOST_DOCKER_FAILED', 'docker: the answer is no JSON', { cause });
  }
}

/** What the Engine has against a call, in its own words where it has some. */
export function dockerFailure({ status, body }: DockerAnswer): HostError {
  return new HostError('HOST_DOCKER_FAILED', `docker: HTTP ${status}: ${saidIn(body)}`);
}

function saidIn(body: string): string {
  try {
    return (JSON.parse(body) as { readonly message?: string }).message ?? body.slice(0, 200);
  } catch {
    return body.slice(0, 200);
  }
}

const TIMEOUT_MS = 10_000;
/** A list of ten thousand containers. */
const MAX_BYTES = 32 * 1024 * 1024;
