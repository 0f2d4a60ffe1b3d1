export { hardwareVtep } from './hardware-vtep.ts';
export { openVswitch } from './open-vswitch.ts';
export { ovnNorthbound } from './ovn-northbound.ts';
export { ovnSouthbound } from './ovn-southbound.ts';
export { server } from './server.ts';
