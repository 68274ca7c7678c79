import { expect, test } from 'vitest';

import { Generations } from './generations.ts';

test('what is looked up stays, what is not goes, and there are never more than two generations', () => {
  const map = new Generations<number>(10);
  map.set('used', 1);
  map.set('left', 2);
  for (let index = 0; index < 100; index++) {
    map.set(`other ${index}`, index);
    expect(map.get('used')).toBe(1);
  }
  expect(map.get('left')).toBeUndefined();
  expect(
    Array.from({ length: 100 }, (_, index) => map.get(`other ${index}`)).filter((found) => found !== undefined).length,
  ).toBeLessThan(22);
});

test('a newer value of the old generation is the one that is found', () => {
  const map = new Generations<number>(2);
  for (const key of ['a', 'b', 'c']) map.set(key, 1);
  map.set('a', 2);
  expect(map.get('a')).toBe(2);
  map.clear();
  expect(map.get('a')).toBeUndefined();
});
