export { Sim } from './sim.ts';
