import { Controller, type ControllerOptions } from '../../src/app/index.ts';

// Runs a controller until this process is killed, which is what the test does. Argument: the options as JSON. Prints
// each event as a line of JSON, and `settled` when all bridges have what they should have for the first time.
const options: ControllerOptions = JSON.parse(process.argv[2] ?? '');
const controller = new Controller(options);
controller.subscribe((event) => {
  console.log(JSON.stringify(event));
  if (event.type === 'switchMode' && event.mode !== 'waiting') void tellWhenSettled();
});

/** Only once no bridge waits any more: a wait that began earlier would not see to those that came later. */
async function tellWhenSettled(): Promise<void> {
  const ready = controller.state().filter(({ mode }) => mode !== 'waiting');
  if (ready.length < options.openflow.length) return;
  await controller.settled();
  console.log('settled');
}

await controller.start();
