import type { Bench } from './harness/bench.ts';
export const codec: Bench<'rounds'> = {
  name: 'codec',
  summary: '',
  options: { rounds: { default: 5, summary: '' } },
  async run() {
    throw new Error('x');
  },
};
