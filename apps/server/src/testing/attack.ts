import type { Json } from './json.ts';

/* Requests made out of an API description, with the names of what belongs to somebody else wherever a name can stand. */

/** Every address of a route with each name in its path, and in each parameter of its query. */
export function attackPaths(path: string, operation: Json, names: readonly string[]): string[] {
  const inPath = path.includes('{') ? names.map((name) => path.replaceAll(/\{[^}]+\}/g, encodeURIComponent(name))) : [path];
  const first = inPath[0] ?? path;
  const inQuery = parametersOf(operation).flatMap((parameter) =>
    names.map((name) => `${first}?${parameter}=${encodeURIComponent(name)}`),
  );
  return [...inPath, ...inQuery];
}

function parametersOf(operation: Json): string[] {
  const { parameters } = operation as unknown as { parameters?: { name: string; in: string }[] };
  return (parameters ?? []).filter(({ in: where }) => where === 'query').map(({ name }) => name);
}

interface Schema {
  readonly type?: string;
  readonly format?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly minimum?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
}

/** A body with each name in each member that could hold one, and without them; the rest filled in so that it parses. */
export function attackBodies(operation: Json, names: readonly string[]): object[] {
  const { requestBody } = operation as unknown as { requestBody?: { content: Record<string, { schema: Schema }> } };
  const schema = requestBody?.content['application/json']?.schema;
  if (schema?.properties === undefined) return [{}];
  const plain = filled(schema) as Record<string, unknown>;
  const nameable = Object.entries(schema.properties)
    .filter(([, member]) => member.type === 'string' && member.enum === undefined)
    .map(([member]) => member);
  return [plain, ...nameable.flatMap((member) => names.slice(0, NAMES_A_MEMBER).map((name) => ({ ...plain, [member]: name })))];
}

const NAMES_A_MEMBER = 8;

function filled(schema: Schema): unknown {
  if (schema.const !== undefined) return schema.const;
  if (schema.enum !== undefined) return schema.enum[0];
  const either = schema.anyOf ?? schema.oneOf;
  if (either?.[0] !== undefined) return filled(either[0]);
  switch (schema.type) {
    case 'object':
      return Object.fromEntries(Object.entries(schema.properties ?? {}).map(([name, member]) => [name, filled(member)]));
    case 'array':
      return schema.items === undefined ? [] : [filled(schema.items)];
    case 'integer':
    case 'number':
      return schema.minimum ?? 1;
    case 'boolean':
      return true;
    case 'string':
    case undefined:
    default:
      return schema.format === 'email' ? 'attacker@elsewhere.example' : schema.format === 'uuid' ? crypto.randomUUID() : 'x';
  }
}
