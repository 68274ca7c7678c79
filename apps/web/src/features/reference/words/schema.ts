import { t } from '../../../words/translate.ts';
import type { ApiDocument, Schema } from '../api/document.ts';

/** A member of a body or an answer, as a row of a table. */
export interface Member {
  /** From the outside in, such as `credits.balance` or `meters[].cap`. */
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
  readonly about: string;
}

/** Deeper members are named by their type alone. */
const DEPTH_MAX = 4;
const MEMBERS_MAX = 150;
const VALUES_MAX = 12;

function resolved(schema: Schema, document: ApiDocument): Schema {
  const name = schema.$ref?.split('/').at(-1);
  return name === undefined ? schema : (document.components?.schemas?.[name] ?? {});
}

/** "a string", "one of …", "an array of objects", in one line. */
export function typeWords(given: Schema, document: ApiDocument): string {
  const schema = resolved(given, document);
  const either = schema.anyOf ?? schema.oneOf;
  if (either !== undefined) return [...new Set(either.map((one) => typeWords(one, document)))].join(t(' or '));
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) {
    const values = schema.enum.slice(0, VALUES_MAX).map((value) => JSON.stringify(value));
    return [...values, ...(schema.enum.length > VALUES_MAX ? ['…'] : [])].join(' | ');
  }
  if (schema.type === 'array') return `${schema.items === undefined ? 'any' : typeWords(schema.items, document)}[]`;
  const type =
    schema.type === undefined ? (schema.properties === undefined ? 'any' : 'object') : [schema.type].flat().join(' | ');
  return schema.format === undefined ? type : `${type} (${schema.format})`;
}

function aboutWords({ description, minimum, maximum, maxLength, default: standard }: Schema): string {
  const bounds = [
    ...(minimum !== undefined && minimum > Number.MIN_SAFE_INTEGER ? [t('at least {value}', { value: minimum })] : []),
    ...(maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER ? [t('at most {value}', { value: maximum })] : []),
    ...(maxLength === undefined ? [] : [t('at most {value} characters', { value: maxLength })]),
    ...(standard === undefined ? [] : [t('default {value}', { value: JSON.stringify(standard) })]),
  ];
  return [description, bounds.join(', ')].filter((part) => part !== undefined && part !== '').join(' · ');
}

/** Every member of a schema, the outer ones first; what several shapes have is listed once. */
export function membersOf(schema: Schema, document: ApiDocument): readonly Member[] {
  const members = new Map<string, Member>();
  gather(schema, document, '', 0, members);
  return [...members.values()];
}

function gather(given: Schema, document: ApiDocument, prefix: string, depth: number, members: Map<string, Member>): void {
  const schema = resolved(given, document);
  for (const part of [...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.allOf ?? [])])
    gather(part, document, prefix, depth, members);
  if (schema.items !== undefined)
    gather(schema.items, document, prefix === '' ? '[].' : `${prefix.slice(0, -1)}[].`, depth, members);
  if (depth >= DEPTH_MAX) return;
  for (const [key, member] of Object.entries(schema.properties ?? {})) {
    const name = `${prefix}${key}`;
    if (members.size >= MEMBERS_MAX) return;
    if (!members.has(name)) {
      const required = schema.required?.includes(key) === true;
      members.set(name, { name, type: typeWords(member, document), required, about: aboutWords(resolved(member, document)) });
    }
    gather(member, document, `${name}.`, depth + 1, members);
  }
}
