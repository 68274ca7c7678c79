import { readFile } from 'node:fs/promises';

import { expect, test } from 'vitest';
import { z } from 'zod';

import { catalogSchema, modelsSchema, pricesSchema } from './schema.ts';

/** Every key of a schema, however deep. */
function keysOf(schema: unknown): string[] {
  if (schema instanceof z.ZodOptional) return keysOf(schema.unwrap());
  if (schema instanceof z.ZodArray) return keysOf(schema.element);
  if (!(schema instanceof z.ZodObject)) return [];
  return Object.entries(schema.shape).flatMap(([key, inner]) => [key, ...keysOf(inner)]);
}

test.each([
  ['the catalog', catalogSchema],
  ['models', modelsSchema],
  ['prices', pricesSchema],
])('every key of %s is in the reference', async (_of, schema) => {
  const reference = await readFile(new URL('../../../docs/catalog.md', import.meta.url), 'utf8');
  expect(keysOf(schema).filter((key) => !new RegExp(`\\b${key}\\b`).test(reference))).toEqual([]);
});
