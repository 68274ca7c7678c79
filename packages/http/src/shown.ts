import { isAmount, type ShownInCredits, shownInCredits } from '@purser/api';
import { BrokenInvariant } from '@purser/core';
import { withoutAmounts } from '@purser/money';
import { z } from 'zod';

type Projection = (value: unknown) => unknown;

const projections = new WeakMap<z.ZodType, { readonly credits: Projection | undefined }>();

/** How an answer of that shape looks where credits are shown; undefined: as it is. */
export function inCredits(schema: z.ZodType): Projection | undefined {
  let known = projections.get(schema);
  if (known === undefined) {
    known = { credits: projectionOf(schema) };
    projections.set(schema, known);
  }
  return known.credits;
}

/** @throws BrokenInvariant when a member of the shape is an amount that nobody has called a cost or a price. */
export function assertAmountsTold(schema: z.ZodType, where: string): void {
  if (shownInCredits(schema) !== undefined) return;
  if (isAmount(schema)) throw new BrokenInvariant(`${where} is an amount, but neither a cost nor a price`);
  for (const [name, inner] of partsOf(schema)) assertAmountsTold(inner, name === '' ? where : `${where}.${name}`);
}

function projectionOf(schema: z.ZodType): Projection | undefined {
  const own = shownInCredits(schema);
  if (own !== undefined) return changeOf(own);
  if (schema instanceof z.ZodObject) return ofMembers(schema.shape);
  if (schema instanceof z.ZodArray) return ofElements(schema.element as z.ZodType);
  if (schema instanceof z.ZodUnion) return ofOptions(schema.options as readonly z.ZodType[]);
  const [inner] = partsOf(schema);
  const projected = inner && projectionOf(inner[1]);
  return projected && ((value) => (value === undefined || value === null ? value : projected(value)));
}

function changeOf(shown: ShownInCredits): Projection {
  switch (shown.is) {
    case 'cost':
      return () => undefined;
    case 'price':
      return (value) => value;
    case 'text':
      return (value) => (typeof value === 'string' ? withoutAmounts(value) : value);
    case 'changed':
      return shown.change;
  }
}

function ofMembers(shape: Readonly<Record<string, unknown>>): Projection | undefined {
  const changed = Object.entries(shape).flatMap(([name, member]): [string, Projection][] => {
    const projected = projectionOf(member as z.ZodType);
    return projected === undefined ? [] : [[name, projected]];
  });
  if (changed.length === 0) return undefined;
  return (value) => {
    if (typeof value !== 'object' || value === null) return value;
    const shown: Record<string, unknown> = { ...value };
    for (const [name, projected] of changed) {
      if (!(name in shown)) continue;
      const member = projected(shown[name]);
      if (member === undefined) delete shown[name];
      else shown[name] = member;
    }
    return shown;
  };
}

function ofElements(element: z.ZodType): Projection | undefined {
  const projected = projectionOf(element);
  return projected && ((value) => (Array.isArray(value) ? value.map(projected) : value));
}

/** Each option is told by its own shape, as it is when it is read. */
function ofOptions(options: readonly z.ZodType[]): Projection | undefined {
  if (options.every((option) => projectionOf(option) === undefined)) return undefined;
  return (value) => {
    const option = options.find((one) => one.safeParse(value).success);
    const projected = option && projectionOf(option);
    return projected === undefined ? value : projected(value);
  };
}

/** The shapes inside one: members, elements, what an optional or nullable one wraps. */
function partsOf(schema: z.ZodType): [name: string, inner: z.ZodType][] {
  if (schema instanceof z.ZodObject) return Object.entries(schema.shape) as [string, z.ZodType][];
  if (schema instanceof z.ZodArray) return [['[]', schema.element as z.ZodType]];
  if (schema instanceof z.ZodUnion) return (schema.options as z.ZodType[]).map((option, index) => [String(index), option]);
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable || schema instanceof z.ZodDefault)
    return [['', schema.unwrap() as z.ZodType]];
  if (schema instanceof z.ZodRecord) return [['*', schema.valueType as z.ZodType]];
  return [];
}
