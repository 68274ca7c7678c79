import { isRefusal } from '@purser/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { InFlight } from './bounds.ts';

describe('what is in flight', () => {
  it('is never more than the bounds, and every end gives back exactly what its beginning took', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ enter: fc.boolean(), bytes: fc.nat(60) }), { maxLength: 200 }), (steps) => {
        const inFlight = new InFlight({ requests_max: 5, body_bytes_max: 100 });
        const open: { bytes: number; leave: () => void }[] = [];
        for (const step of steps) {
          if (step.enter) {
            const fits = open.length < 5 && open.reduce((sum, one) => sum + one.bytes, 0) + step.bytes <= 100;
            const leave = inFlight.enter(step.bytes);
            expect(isRefusal(leave)).toBe(!fits);
            if (typeof leave === 'function') open.push({ bytes: step.bytes, leave });
          } else {
            const one = open.pop();
            one?.leave();
            one?.leave();
          }
          expect(inFlight.requests).toBe(open.length);
        }
      }),
    );
  });

  it('refuses everything new once it drains, and lets the rest end', () => {
    const inFlight = new InFlight({ requests_max: 5, body_bytes_max: 100 });
    const leave = inFlight.enter(1);
    inFlight.drain();
    expect(inFlight.enter(1)).toMatchObject({ code: 'overloaded', retryAfterSeconds: 5 });
    if (typeof leave === 'function') leave();
    expect(inFlight.requests).toBe(0);
  });
});
