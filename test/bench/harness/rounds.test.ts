import { describe, expect, it } from '@jest/globals';
import { type Contender, type Turn, takeTurns } from '../../../bench/harness/rounds.ts';

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

  it('leaves a contender out that has taken long enough in all, and not the others', async () => {
    const log: string[] = [];
    const slow: Contender = {
      ...contender('slow'),
      async turn() {
        log.push('slow');
        return { elapsedMs: 500, cpuMs: {} };
      },
    };
    const options = { rounds: 4, patienceMs: 1000, prepare: nothing, verify: nothing };
    const all = await takeTurns([slow, contender('quick', log)], options);
    expect(all.map(({ turns }) => turns.length)).toEqual([2, 4]);
    expect(log.filter((name) => name === 'slow')).toHaveLength(2);
  });

  it('lets somebody stand around each turn', async () => {
    const around = async (_: Contender, turn: () => Promise<Turn>) => ({ ...(await turn()), count: 7 });
    const options = { rounds: 1, prepare: nothing, verify: nothing, around };
    const [series] = await takeTurns([contender('a')], options);
    expect(series!.turns).toEqual([{ ...TURN, count: 7 }]);
  });

  it('tells who is on, from round 1', async () => {
    const seen: string[] = [];
    const onTurn = (round: number, { name }: Contender) => void seen.push(`${round} ${name}`);
    await takeTurns([contender('a')], { rounds: 2, prepare: nothing, verify: nothing, onTurn });
    expect(seen).toEqual(['1 a', '2 a']);
  });
});
