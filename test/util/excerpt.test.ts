import { describe, expect, it } from '@jest/globals';
import { excerpt } from '../../src/util/excerpt.ts';

describe('an excerpt', () => {
  it('is the text itself when that can be shown', () => {
    expect(excerpt("pod 'Äpfel 🍏'")).toBe("pod 'Äpfel 🍏'");
  });

  it('is one line without control characters', () => {
    expect(excerpt('a\nb\u001b[31mc\u202ed\u0000')).toBe('a�b�[31mc�d�');
  });

  it('ends after 300 characters, and says so', () => {
    expect(excerpt('x'.repeat(300))).toBe('x'.repeat(300));
    expect(excerpt('x'.repeat(1_000_000))).toBe(`${'x'.repeat(300)}…`);
    expect(excerpt(`${'x'.repeat(299)}🍏`)).toBe(`${'x'.repeat(299)}�…`);
  });
});
