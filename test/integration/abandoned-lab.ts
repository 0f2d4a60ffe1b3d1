import { Lab } from '../lab/index.ts';

// Makes a lab, says so, and never closes it: the lab's own test ends this process.
const lab = await Lab.create();
const host = await lab.addHost({ name: 'h1', address: '192.0.2.1/24' });
await host.addContainer({ name: 'c1', address: '10.0.0.1/24' });
await host.start('sleep', ['1000']);
await lab.start('sleep', ['1000']);
console.log(`lab ${lab.dir}`);
