import { describe, expect, it } from 'vitest';
import { placeAt } from './route.ts';

describe('paths', () => {
  it('finds each page, with or without a closing slash', () => {
    expect(placeAt('/')).toEqual({ page: 'try' });
    expect(placeAt('/admin')).toEqual({ page: 'margin' });
    expect(placeAt('/admin/books/')).toEqual({ page: 'books' });
  });

  it('finds a workspace by its id, or by the name the founder gave it', () => {
    expect(placeAt('/admin/workspaces/01998a2e')).toEqual({ page: 'workspace', id: '01998a2e' });
    expect(placeAt('/admin/workspaces/rye%20%26%20sons/')).toEqual({ page: 'workspace', id: 'rye & sons' });
  });

  it('finds nothing for what is no page, built-in names and broken escapes included', () => {
    expect(placeAt('/nowhere')).toBeUndefined();
    expect(placeAt('constructor')).toBeUndefined();
    expect(placeAt('/admin/workspaces/a/b')).toBeUndefined();
    expect(placeAt('/admin/workspaces/%E0%A4%A')).toBeUndefined();
  });
});
