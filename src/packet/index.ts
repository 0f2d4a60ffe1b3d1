export { type ArpFrame, ArpOperation, encodeArp } from './arp.ts';
export {
  addressOption,
  type DhcpMessage,
  DhcpOption,
  DhcpPort,
  DhcpType,
  decodeDhcp,
  encodeDhcp,
} from './dhcp.ts';
export { decodeEthernet, type EthernetHeader, EthType, isLinkLocalGroup } from './ethernet.ts';
export { IpProtocol } from './headers.ts';
export { encodeUdp, type UdpDatagram } from './ipv4.ts';
export { encodeUnsolicitedAdvertisement, type UnsolicitedAdvertisement } from './neighbour.ts';
