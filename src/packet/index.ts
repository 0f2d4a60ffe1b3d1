export { decodeEthernet, type EthernetHeader, EthType, isLinkLocalGroup } from './ethernet.ts';
