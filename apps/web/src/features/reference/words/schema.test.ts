import { describe, expect, it } from 'vitest';

import type { ApiDocument } from '../api/document.ts';
import { membersOf, typeWords } from './schema.ts';

const document: ApiDocument = {
  info: { title: 'x', version: '1' },
  paths: {},
  components: { schemas: { Money: { type: 'object', properties: { amount: { type: 'string' } }, required: ['amount'] } } },
};

describe('a schema', () => {
  it('is told in one line, references and choices included', () => {
    expect(typeWords({ type: 'array', items: { type: 'integer' } }, document)).toBe('integer[]');
    expect(typeWords({ anyOf: [{ $ref: '#/components/schemas/Money' }, { type: 'null' }] }, document)).toBe('object or null');
    expect(typeWords({ enum: ['a', 'b'] }, document)).toBe('"a" | "b"');
  });

  it('lists its members from the outside in, once each, with bounds and defaults', () => {
    const schema = {
      type: 'object',
      required: ['cost'],
      properties: {
        cost: { $ref: '#/components/schemas/Money', description: 'What it cost.' },
        rows: {
          type: 'array',
          items: { type: 'object', properties: { n: { type: 'integer', minimum: 1, maximum: 9, default: 3 } } },
        },
      },
    };
    expect(membersOf(schema, document)).toEqual([
      { name: 'cost', type: 'object', required: true, about: '' },
      { name: 'cost.amount', type: 'string', required: true, about: '' },
      { name: 'rows', type: 'object[]', required: false, about: '' },
      { name: 'rows[].n', type: 'integer', required: false, about: 'at least 1, at most 9, default 3' },
    ]);
  });

  it('that holds itself comes to an end', () => {
    const endless: ApiDocument = {
      ...document,
      components: { schemas: { Tree: { properties: { next: { $ref: '#/x/Tree' } } } } },
    };
    expect(membersOf({ $ref: '#/x/Tree' }, endless).map(({ name }) => name)).toEqual([
      'next',
      'next.next',
      'next.next.next',
      'next.next.next.next',
    ]);
  });
});
