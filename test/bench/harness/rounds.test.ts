import { describe, expect, it } from '@jest/globals';
import { type Contender, takeTurns } from '../../../bench/harness/rounds.ts';

const TURN = { elapsedMs: 1, cpuMs: {} };

function contender(name: string, log: string[] = []): Contender {
  return {
    name,
    role: 'peer',
    async turn() {
      log.push(name);
      return TURN;
    },
  };
}

const nothing = async () => {};

describe('takeTurns', () => {
  it('prepares before each turn and verifies after it', async () => {
    const log: string[] = [];
    await takeTurns([contender('a', log), contender('b', log)], {
      rounds: 1,
      prepare: async () => void log.push('prepare'),
      verify: async () => void log.push('verify'),
    });
    expect(log).toEqual(['prepare', 'a', 'verify', 'prepare', 'b', 'verify']);
  });

  it('begins each round with the next contender', async () => {
    const log: string[] = [];
    const all = ['a', 'b', 'c'].map((name) => contender(name, log));
    await takeTurns(all, { rounds: 4, prepare: nothing, verify: nothing });
    expect(log.join('')).toBe('abcbcacababc');
  });

  it('gives the turns in the order of the contenders', async () => {
    const all = await takeTurns([contender('a'), contender('b')], {
      rounds: 2,
      prepare: nothing,
      verify: nothing,
    });
    expect(all).toEqual(['a', 'b'].map((name) => ({ name, role: 'peer', turns: [TURN, TURN], errors: [] })));
  });

  it('counts a turn that fails as an error, and goes on', async () => {
    let turns = 0;
    const flaky: Contender = {
      ...contender('flaky'),
      async turn() {
        if (++turns === 1) throw new Error('it broke');
        return TURN;
      },
    };
    const [series] = await takeTurns([flaky], { rounds: 2, prepare: nothing, verify: nothing });
    expect([series!.turns, series!.errors]).toEqual([[TURN], ['round 1: it broke']]);
  });

  it('counts a turn whose work was not done as an error', async () => {
    const verify = () => Promise.reject(new Error('half is missing'));
    const [series] = await takeTurns([contender('a')], { rounds: 1, prepare: nothing, verify });
    expect([series!.turns, series!.errors]).toEqual([[], ['round 1: half is missing']]);
  });

  it('tells who is on, from round 1', async () => {
    const seen: string[] = [];
    const onTurn = (round: number, { name }: Contender) => void seen.push(`${round} ${name}`);
    await takeTurns([contender('a')], { rounds: 2, prepare: nothing, verify: nothing, onTurn });
    expect(seen).toEqual(['1 a', '2 a']);
  });
});
