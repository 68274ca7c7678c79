import { describe, expect, it } from 'vitest';
import { pageAt } from './route.ts';

describe('paths', () => {
  it('finds each page, with or without a closing slash', () => {
    expect(pageAt('/')).toBe('try');
    expect(pageAt('/admin')).toBe('margin');
    expect(pageAt('/admin/books/')).toBe('books');
  });

  it('finds nothing for what is no page, built-in names included', () => {
    expect(pageAt('/nowhere')).toBeUndefined();
    expect(pageAt('constructor')).toBeUndefined();
  });
});
