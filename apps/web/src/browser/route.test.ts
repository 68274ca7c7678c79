import { describe, expect, it } from 'vitest';

import { parametersAt } from './route.ts';

describe('an address', () => {
  it('is a page’s when every segment is the same, a slash at its end or not', () => {
    expect(parametersAt('/usage', '/usage')).toEqual({});
    expect(parametersAt('/usage', '/usage/')).toEqual({});
    expect(parametersAt('/', '/')).toEqual({});
    expect(parametersAt('/usage', '/usage/more')).toBeUndefined();
    expect(parametersAt('/usage', '/')).toBeUndefined();
  });

  it('gives what the names of its pattern stand for, decoded', () => {
    expect(parametersAt('/admin/workspaces/:id/:tab', '/admin/workspaces/a%20b/calls')).toEqual({ id: 'a b', tab: 'calls' });
    expect(parametersAt('/admin/workspaces/:id', '/admin/workspaces/')).toBeUndefined();
  });

  it('that cannot be decoded is nobody’s', () => {
    expect(parametersAt('/admin/workspaces/:id', '/admin/workspaces/%E0%A4%A')).toBeUndefined();
  });
});
