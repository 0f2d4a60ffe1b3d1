/** What is told of a container, and of where it is. */
export interface Named {
  readonly container: { readonly name: string; readonly mac: string };
  readonly host: HostNamed;
  readonly pod: string;
  readonly ownIp: string;
  readonly sharedIp: string;
}

/** What is told of a host. */
export interface HostNamed {
  readonly name: string;
  readonly bridge: string;
  readonly ip: string;
}

/** Whether one container reached another at the address that only that one has. */
export interface Reach<P extends Named = Named> {
  readonly from: P;
  readonly to: P;
  readonly byPing: boolean;
  /** Sent {@link TRANSFER_BYTES} and got the right checksum back. */
  readonly byTransfer: boolean;
  readonly expected: boolean;
  readonly isRight: boolean;
}

/** Who answered at an address that both pods use. */
export interface Answer<P extends Named = Named> {
  readonly from: P;
  readonly to: P;
  /** The name that came back; undefined when nobody answered. */
  readonly who: string | undefined;
  readonly isRight: boolean;
}

/** What each transfer sends. */
export const TRANSFER_BYTES = 64 * 1024;
