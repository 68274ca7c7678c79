import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { seal, unseal } from './seal.ts';

describe('a sealed answer', () => {
  it('opens under the credential and key it was sealed with, and shows nothing of its text', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme' }),
        fc.string({ minLength: 1 }),
        fc.string({ minLength: 1 }),
        (text, credential, key) => {
          const sealed = seal(text, credential, key);
          expect(unseal(sealed, credential, key)).toBe(text);
          if (text.length > 3) expect(sealed.includes(text)).toBe(false);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('opens under no other credential, no other key, and not when a byte was changed', () => {
    const sealed = seal('{"key":"secret"}', 'admin', 'a');
    expect(() => unseal(sealed, 'other', 'a')).toThrow();
    expect(() => unseal(sealed, 'admin', 'b')).toThrow();
    sealed[sealed.length - 1] = (sealed.at(-1) ?? 0) ^ 1;
    expect(() => unseal(sealed, 'admin', 'a')).toThrow();
  });
});
