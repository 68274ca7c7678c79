import { describe, expect, it } from 'vitest';

import { fieldProblems } from './field-problem.ts';

const problem = (detail: string, code = 'invalid_request') => ({ title: 'The request is invalid', status: 400, code, detail });

describe('what the server says of members', () => {
  it('stands beside the fields of these names', () => {
    const said = problem('"name": want at least 1 characters, got ""; "plan": there is no plan "X"');
    expect(fieldProblems(said, ['name', 'plan'])).toEqual({
      fields: { name: 'Want at least 1 characters, got "".', plan: 'There is no plan "X".' },
      rest: undefined,
    });
  });

  it('is said of the whole where no field has the name', () => {
    const said = problem('"name": it is missing; "limit": want at most 5');
    expect(fieldProblems(said, ['name'])).toEqual({
      fields: { name: 'It is missing.' },
      rest: { ...said, detail: '"limit": want at most 5' },
    });
    expect(fieldProblems(said, [])).toEqual({ fields: {}, rest: said });
  });

  it('finds its field under the server’s own name for it', () => {
    expect(
      fieldProblems(problem('"overrides.ceiling": want money'), ['ceiling'], { 'overrides.ceiling': 'ceiling' }).fields,
    ).toEqual({
      ceiling: 'Want money.',
    });
  });

  it('leaves every other refusal whole', () => {
    const refused = problem('"name" is taken', 'limit_reached');
    expect(fieldProblems(refused, ['name'])).toEqual({ fields: {}, rest: refused });
  });
});
