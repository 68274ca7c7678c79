import { describe, expect, it } from 'vitest';

import { Strangers } from './strangers.ts';

describe('requests without a valid credential', () => {
  it('are refused for the rest of the minute once an address has used up its share, and no other address with it', () => {
    let elapsed_ms = 0;
    const strangers = new Strangers(3, () => elapsed_ms);
    for (let i = 0; i < 3; i++) {
      expect(strangers.refusal('a')).toBeUndefined();
      strangers.count('a');
    }
    elapsed_ms = 20_000;
    expect(strangers.refusal('a')).toMatchObject({ code: 'rate_limited', retryAfterSeconds: 40 });
    expect(strangers.refusal('b')).toBeUndefined();
    elapsed_ms = 60_001;
    expect(strangers.refusal('a')).toBeUndefined();
  });

  it('are remembered for a bounded number of addresses', () => {
    const strangers = new Strangers(1, () => 0);
    for (let i = 0; i < 10_001; i++) strangers.count(`address ${i}`);
    expect(strangers.refusal('address 0')).toBeUndefined();
    expect(strangers.refusal('address 10000')).toMatchObject({ code: 'rate_limited' });
  });
});
