import { describe, expect, test, vi } from 'vitest';
import { KeyRing } from './key-ring.ts';
import { ProviderError, type ProviderErrorDetails } from './provider.ts';

const failure = (details: Partial<ProviderErrorDetails>): ProviderError =>
  new ProviderError('openai', 'is limiting our rate', { kind: 'rate_limited', billed: 'no', status: 429, ...details });

async function used(ring: KeyRing, calls: number): Promise<string[]> {
  const keys: string[] = [];
  for (let call = 0; call < calls; call += 1) keys.push(await ring.use(async (key) => key));
  return keys;
}

async function failing(ring: KeyRing, error: ProviderError): Promise<string> {
  let used_key = '';
  await ring
    .use((key) => {
      used_key = key;
      return Promise.reject(error);
    })
    .catch(() => undefined);
  return used_key;
}

describe('several keys of one provider', () => {
  test('each gets its share of the calls, in turns rather than in runs', async () => {
    const ring = new KeyRing([
      { key: 'a', weight: 3 },
      { key: 'b', weight: 1 },
    ]);
    const keys = await used(ring, 400);
    expect(keys.filter((key) => key === 'a')).toHaveLength(300);
    expect(keys.slice(0, 8).join('')).toBe('aabaaaba');
  });

  test('one whose rate is used up rests as long as its provider says, and the failure says that another may be tried', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    const ring = new KeyRing([
      { key: 'a', weight: 1 },
      { key: 'b', weight: 1 },
    ]);
    const first = failure({ retry_after_ms: 5_000 });
    const rested = await failing(ring, first);
    expect(first.another_key).toBe(true);
    expect(new Set(await used(ring, 10))).toEqual(new Set(rested === 'a' ? ['b'] : ['a']));
    const second = failure({ retry_after_ms: 9_000 });
    await failing(ring, second);
    expect(second.another_key).toBe(false);
    // All rest: the one that wakes first is asked.
    expect(await used(ring, 3)).toEqual([rested, rested, rested]);
    vi.advanceTimersByTime(9_001);
    expect(new Set(await used(ring, 4))).toEqual(new Set(['a', 'b']));
    vi.useRealTimers();
  });

  test('one that is not known rests; what is wrong with the call, and a single key, rest nobody', async () => {
    const ring = new KeyRing([
      { key: 'a', weight: 1 },
      { key: 'b', weight: 1 },
    ]);
    const refused = failure({ kind: 'refused', status: 401, blame: 'account' });
    const rested = await failing(ring, refused);
    expect(refused.another_key).toBe(true);
    expect(await used(ring, 4)).not.toContain(rested);
    const own = failure({ kind: 'refused', status: 400, blame: 'call' });
    await failing(ring, own);
    expect(own.another_key).toBe(false);
    const alone = failure({});
    const single = new KeyRing([{ key: 'only', weight: 1 }]);
    await failing(single, alone);
    expect([alone.another_key, await used(single, 2)]).toEqual([false, ['only', 'only']]);
  });
});
