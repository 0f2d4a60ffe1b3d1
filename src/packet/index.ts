export { type ArpFrame, ArpOperation, encodeArp } from './arp.ts';
export { decodeEthernet, type EthernetHeader, EthType, isLinkLocalGroup } from './ethernet.ts';
export { IpProtocol } from './headers.ts';
export { encodeUnsolicitedAdvertisement, type UnsolicitedAdvertisement } from './neighbour.ts';
