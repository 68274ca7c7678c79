import { expect, test } from 'vitest';

import { namesAmount, withoutAmounts } from './without-amounts.ts';

test.each(['0.0034 EUR', 'EUR 12', '€13.5915', '$ 5', '1200 JPY are left', '-3 USD', '0.5USD'])(
  'an amount is seen in "%s"',
  (text) => {
    expect(namesAmount(text)).toBe(true);
  },
);

test.each(['1500 credits', 'the plan PRO', '85 % of the ceiling', '300 RPM', 'at 2026-11-01T00:00:00Z', 'model GPT 4'])(
  'no amount is seen in "%s"',
  (text) => {
    expect(namesAmount(text)).toBe(false);
  },
);

test('what says an amount is left out, and the rest of the text stays as it was', () => {
  expect(withoutAmounts('the ceiling does not leave enough for this call on a/b; it may cost 0.5 EUR, and 0.1 EUR is left')).toBe(
    'the ceiling does not leave enough for this call on a/b',
  );
  expect(withoutAmounts('11.55 EUR of 13.59 EUR (cost) used. It resets on 1 March 2027, 00:00 (UTC).')).toBe(
    'It resets on 1 March 2027, 00:00 (UTC).',
  );
  expect(withoutAmounts('this call may cost 3.75 USD')).toBe('');
  expect(withoutAmounts('2.5 of 3 are used; wait. Or buy.')).toBe('2.5 of 3 are used; wait. Or buy.');
});
