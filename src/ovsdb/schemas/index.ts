export { openVswitch } from './open-vswitch.ts';
