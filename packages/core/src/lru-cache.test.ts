import fc from 'fast-check';
import { expect, test } from 'vitest';

import { LruCache } from './lru-cache.ts';

test('a bounded map keeps exactly the entries used last', () => {
  const step = fc.tuple(fc.constantFrom('get', 'set', 'delete'), fc.integer({ min: 0, max: 9 }));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const map = new LruCache<number, string>(4);
      let used: number[] = [];
      for (const [verb, key] of steps) {
        if (verb === 'get') {
          expect(map.get(key)).toBe(used.includes(key) ? `v${key}` : undefined);
          if (used.includes(key)) used = [...used.filter((other) => other !== key), key];
        } else if (verb === 'set') {
          map.set(key, `v${key}`);
          used = [...used.filter((other) => other !== key), key].slice(-4);
        } else {
          map.delete(key);
          used = used.filter((other) => other !== key);
        }
        expect(map.size).toBe(used.length);
        expect(map.oldest()?.[0]).toBe(used[0]);
      }
    }),
  );
});
