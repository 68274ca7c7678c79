import { describe, expect, it } from 'vitest';
import { movementWords } from './movement.ts';

describe('movements of credits in plain words', () => {
  it('says where credits came from and where they went', () => {
    expect(movementWords({ kind: 'grant', source: 'monthly' })).toBe('Monthly credits');
    expect(movementWords({ kind: 'grant', source: 'purchased' })).toBe('A pack');
    expect(movementWords({ kind: 'spend', source: null })).toBe('A call');
    expect(movementWords({ kind: 'spend', source: 'pack:credits-500' })).toBe('A call, paid by the pack credits-500');
    expect(movementWords({ kind: 'expiry', source: 'monthly' })).toBe('Expired');
  });

  it('says a source it has never met as it came', () => {
    expect(movementWords({ kind: 'grant', source: 'moon_festival' })).toBe('moon festival');
  });
});
