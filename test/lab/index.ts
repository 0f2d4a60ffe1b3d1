export { Container } from './container.ts';
export { eventually } from './eventually.ts';
export { Host } from './host.ts';
export { Lab } from './lab.ts';
export { missingRequirements, type OptionalCommand } from './requirements.ts';
export { run } from './run.ts';
export { startProcess } from './running-process.ts';
