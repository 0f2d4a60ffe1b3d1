import type { GalagoError, RemoteError } from '../../util/errors.ts';
import type { Log } from '../../util/log.ts';
import type { Message } from '../message.ts';
import type { ErrorMessage } from '../messages/error.ts';
import type { ExperimenterMessage } from '../messages/experimenter.ts';
import type { FlowRemoved } from '../messages/flow-removed.ts';
import type { NxPacketIn2 } from '../messages/nicira-packet-in2.ts';
import type { OnfRoleStatus } from '../messages/onf-role-status.ts';
import type { PacketIn } from '../messages/packet-in.ts';
import type { PortStatus } from '../messages/port-status.ts';
import type { ConnectionOptions } from './connection.ts';
import type { PacketInQueueOptions } from './packet-in-queue.ts';

/** The limits of a session, and where it says what nobody waits for (OpenFlow 1.3.5, 6.3). */
export interface SwitchOptions extends ConnectionOptions, PacketInQueueOptions {
  /** The time for features and ports to be known, once the versions are. Default 10000. */
  readonly handshakeTimeoutMs?: number;
  /** Bytes of a packet that a packet-in carries at most; 0xffff for all of it. Default 0xffff. */
  readonly missSendLen?: number;
  /** Requests that may wait for an answer at once. Default 65536. */
  readonly maxRequests?: number;
  readonly log?: Log;
}

/** An error message of the switch that answers no request, with what caused it (OpenFlow 1.3.5, 6.3). */
export interface RequestError {
  /** Its `code` is the error's name, as in `OFPFMFC_TABLE_FULL`. */
  readonly error: RemoteError;
  readonly message: ErrorMessage;
  /** The message that the switch refused, as it reads it, when it was one of the last that were sent. */
  readonly request: Message | undefined;
}

/** The events of a {@link Switch} (OpenFlow 1.3.5, 6.3). */
export type SwitchEvents = {
  packetIn: (message: PacketIn) => void;
  /**
   * A packet-in in Open vSwitch's own form, with the user data of `nxController2`: instead of `packetIn`, once the
   * switch has been sent `nxSetPacketInFormat`. Both wait in one queue.
   */
  packetIn2: (message: NxPacketIn2) => void;
  flowRemoved: (message: FlowRemoved) => void;
  /** A port came, went or changed; `Switch.ports` has it already. */
  portStatus: (message: PortStatus) => void;
  /** The switch changed this controller's role, because another one asked to be master. */
  roleStatus: (message: OnfRoleStatus) => void;
  /** A message of a kind that is not known here. */
  experimenter: (message: ExperimenterMessage) => void;
  /** Any other message that answers no request. */
  message: (message: Message) => void;
  requestError: (event: RequestError) => void;
  /** The end of the session, with the reason unless this side closed it. */
  close: (event: { readonly error: GalagoError | undefined }) => void;
};
