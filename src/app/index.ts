export { Controller, type ControllerOptions, OVSDB_PORT } from './controller.ts';
