import type { GalagoError } from '../../util/errors.ts';
import type { Log } from '../../util/log.ts';
import { EndpointKey } from '../connect/endpoint.ts';
import type { HostDatabase, InterfaceRow } from '../database.ts';
import { containerPid, inspectContainer } from '../docker/docker.ts';
import { findLink, readNamespace } from '../system/ip.ts';
import type { Nic } from './nic.ts';
import { readSlotLabels } from './slot-labels.ts';
import { enterContainer, makePorts, removePorts, removeRemnants, type SlotPlace } from './slot-ports.ts';
import { planStart } from './slot-start.ts';
import { isOurs, isPluggedIn, readSlots } from './slot-state.ts';
import { slotInterfaces } from './vswitch-labels.ts';

/** What {@link SlotKeeper} needs. */
interface SlotKeepOptions extends SlotPlace {
  /** The name of this machine. */
  readonly host: string;
  readonly log: Log;
}

/**
 * Keeps containers in slots plugged in that Docker has started by itself, as a restart policy has it do. Whatever it is
 * told, it looks at what there is while it has the lock under which commands change slots: what one of them has under
 * way is done by then, and nothing is left to do. It starts and ends no container.
 */
export class SlotKeeper {
  readonly #options: SlotKeepOptions;
  /** Containers that could not be plugged in because no switch ran. */
  readonly #waiting = new Set<string>();

  constructor(options: SlotKeepOptions) {
    this.#options = options;
  }

  /** Makes up for what was missed. @param known the ids of all containers of Docker, running or not */
  async lookAtAll(known: ReadonlySet<string>): Promise<void> {
    const { db, dockerSocket } = this.#options;
    for (const id of new Set(slotRows(db).flatMap((row) => containerOf(row) ?? []))) {
      if (known.has(id)) await this.ended(id);
      else if (await this.#isGone(id)) await this.removed(id);
    }
    for (const { container } of (await readSlots(db, dockerSocket)).values())
      if (container !== undefined && isOurs(container)) await this.plugIn(container.id);
  }

  /** Gives a container its interfaces that is in a slot, runs, and has not got them. */
  async plugIn(id: string): Promise<void> {
    const { db, dockerSocket, log } = this.#options;
    let container = id.slice(0, 12);
    try {
      const { name, pid, labels } = await inspectContainer(dockerSocket, id);
      container = name;
      if (pid === 0 || readSlotLabels(labels) === undefined) return;
      const nics = await db.locked(() => this.#plugIn(id));
      if (nics.length > 0)
        log.info({ container, port: nics.map(({ port }) => port).join(' ') }, 'plugged in again');
    } catch (error) {
      const { code, message } = error as GalagoError;
      // It has been removed meanwhile, which is told next.
      if (code === 'HOST_CONTAINER_UNKNOWN') return;
      if (code === 'HOST_SWITCH_SILENT') this.#waiting.add(id);
      log[PASSING.has(code) ? 'warn' : 'error']({ container, code }, `not plugged in again: ${message}`);
    }
  }

  /** The containers that may be plugged in now, since the switch has carried out what the database says. */
  takeDue(): readonly string[] {
    if (this.#waiting.size === 0) return [];
    const { cur_cfg, next_cfg } = this.#options.db.root;
    if (cur_cfg < next_cfg) return [];
    const due = [...this.#waiting];
    this.#waiting.clear();
    return due;
  }

  /** Takes internal ports away of a container that has ended: ovs-vswitchd does not cope with the end of their namespace. */
  async ended(id: string): Promise<void> {
    await this.#remove(id, 'unplugged', async (rows) => {
      const internal = rows.filter(({ type }) => type === 'internal');
      const runs = internal.length > 0 && (await containerPid(this.#options.dockerSocket, id)) !== 0;
      return runs ? [] : internal;
    });
  }

  /** Takes the ports away of a container that was removed. */
  async removed(id: string): Promise<void> {
    await this.#remove(id, 'removed with its container', async (rows) => rows);
  }

  /** @returns the interfaces that it was given; none when there was nothing to do */
  async #plugIn(id: string): Promise<readonly Nic[]> {
    const { dockerSocket, host } = this.#options;
    const { name, pid, labels } = await inspectContainer(dockerSocket, id);
    const found = readSlotLabels(labels);
    if (pid === 0 || found === undefined) return [];
    const plan = await planStart(this.#options, { ...found, program: { type: 'existing', id }, host });
    const { slot, nics, remnants } = plan;
    // One that somebody has called otherwise is in no slot.
    if (slot.name !== name || (await this.#isPluggedIn(nics, pid))) return [];
    await removeRemnants(this.#options, remnants);
    try {
      await makePorts(this.#options, plan);
      if (await enterContainer(this.#options, id, plan)) return nics;
    } catch (error) {
      await this.#unplug(nics).catch(() => {});
      throw error;
    }
    await this.#unplug(nics);
    return [];
  }

  async #isPluggedIn(nics: readonly Nic[], pid: number): Promise<boolean> {
    const ports = nics.flatMap(({ port }) => this.#options.db.interface(port) ?? []);
    return ports.length === nics.length && isPluggedIn(ports, pid, (await readNamespace()).links);
  }

  #unplug(nics: readonly Nic[]): Promise<void> {
    return removePorts(
      this.#options,
      nics.map(({ port }) => port),
    );
  }

  /** Removes those ports of a container that are chosen, and are there still. */
  async #remove(
    id: string,
    what: string,
    choose: (rows: readonly InterfaceRow[]) => Promise<readonly InterfaceRow[]>,
  ): Promise<void> {
    const { db, log } = this.#options;
    const rowsOf = () => slotRows(db).filter((row) => containerOf(row) === id);
    if (rowsOf().length === 0) return;
    try {
      await db.locked(async () => {
        const ports = (await choose(rowsOf())).map(({ name }) => name);
        if (ports.length === 0) return;
        await removePorts(this.#options, ports);
        log.info({ container: id.slice(0, 12), port: ports.join(' ') }, what);
      });
    } catch (error) {
      const { code, message } = error as GalagoError;
      log.error({ container: id.slice(0, 12), code }, `not ${what}: ${message}`);
    }
  }

  /** True when none of its links is here any more: those of another Docker's containers are. */
  async #isGone(id: string): Promise<boolean> {
    for (const row of slotRows(this.#options.db))
      if (containerOf(row) === id && row.type !== 'internal' && (await findLink(row.name)) !== undefined)
        return false;
    return true;
  }
}

/** What is tried again when the switch runs, or Docker can be reached. */
const PASSING: ReadonlySet<unknown> = new Set(['HOST_SWITCH_SILENT', 'HOST_DOCKER_FAILED']);

function slotRows(db: HostDatabase): readonly InterfaceRow[] {
  return [...slotInterfaces(db).values()].flat();
}

/** The id of the Docker container that a port was plugged into; undefined when it was not. */
function containerOf({ external_ids }: InterfaceRow): string | undefined {
  return external_ids.get(EndpointKey.CONTAINER)?.replace(/^docker:/, '');
}
