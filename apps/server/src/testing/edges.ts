import { checkSize } from '@purser/core/testing';
import type { Json } from './json.ts';

/* Requests made out of an API description, with values at the edges of what a member can be, one member at a time. */

interface Schema {
  readonly type?: string;
  readonly format?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly minimum?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
}

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly schema?: Schema;
}

/** Written as JSON, so that numbers beyond what JavaScript can say are there too. */
const NUMBERS = [
  '0',
  '-0',
  '-1',
  '0.5',
  '1e-7',
  '1e-400',
  '1e400',
  '-1e400',
  '9007199254740991',
  '9007199254740992',
  '9007199254740993',
  '-9007199254740993',
  '2147483648',
  '4294967296',
  '9223372036854775807',
  '9223372036854775808',
  '-9223372036854775809',
  '18446744073709551616',
  '1e20',
  '1e21',
  '1e308',
  '9'.repeat(5_000),
  `0.${'0'.repeat(400)}1`,
];

const DATES = [
  '0000-01-01T00:00:00Z',
  '0001-01-01T00:00:00Z',
  '-000001-01-01T00:00:00Z',
  '-271821-04-20T00:00:00Z',
  '1900-01-01T00:00:00Z',
  '1969-12-31T23:59:59.999999999Z',
  '2026-02-30T00:00:00Z',
  '2026-06-30T23:59:60Z',
  '2026-12-31T24:00:00Z',
  '9999-12-31T23:59:59Z',
  '9999-12-31T23:59:59.999999999Z',
  '+275760-09-13T00:00:00Z',
  '+275760-09-14T00:00:00Z',
  '+010000-01-01T00:00:00Z',
  '2026-11-29T00:00:00+14:00',
  '2026-11-29T00:00:00-23:59',
  '2026-11-29T00:00:00',
  '2026-11-29',
  '2026-11',
  '2026-11-29T00:00:00Z[Europe/Paris]',
  '2026-11-29T00:00:00.1234567890123Z',
];

const TEXTS = [
  '',
  ' ',
  '\t\n',
  '\u0000',
  'a\u0000b',
  '\ud800',
  '\udc00x',
  '\ufeff',
  '\u202e',
  '\ufffe\uffff',
  "'; drop table x; --",
  '%00',
  '%',
  '../../etc/passwd',
  '$&$1',
  '{{x}}',
  '__proto__',
  'constructor',
  'toString',
  'null',
  'NaN',
  'Infinity',
  '-1',
  '1e400',
  '9'.repeat(400),
  '9223372036854775808',
  '0x10',
  'true',
  '[]',
  'Europe/Paris',
  'Nowhere/Nothing',
  'UTC+99',
  '+25:00',
  '00000000-0000-0000-0000-000000000000',
  'ffffffff-ffff-ffff-ffff-ffffffffffff',
  'FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF',
  '00000000-0000-0000-0000-00000000000g',
  '00000000000000000000000000000000',
  '{00000000-0000-0000-0000-000000000000}',
  'purser_ws_x',
  '漢字',
  'e\u0301\u0316',
  'ﷺ'.repeat(300),
  '👨‍👩‍👧',
  'x'.repeat(300),
  'x'.repeat(10_000),
  'a@b',
  `${'a'.repeat(300)}@b.example`,
  'http://127.0.0.1:1/',
  'javascript:alert(1)',
  'file:///etc/passwd',
  'https://x.example/' + 'a'.repeat(5_000),
];

/** So many of a list go to one place; places that follow each other get other ones, so that all are tried at each kind of member. */
const SHARE = checkSize({ quick: 10, extended: 5 });

function some<T>(values: readonly T[], place: number): T[] {
  return values.filter((_, at) => at % SHARE === place % SHARE);
}

const LONG = 'x'.repeat(100_000);

const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);

/** Each as JSON text. */
const VALUES: readonly string[] = [
  ...NUMBERS,
  ...[...DATES, ...TEXTS, LONG].map((text) => JSON.stringify(text)),
  String.raw`"\ud83d"`,
  'null',
  'true',
  'false',
  '[]',
  '{}',
  '[null]',
  '[[]]',
  '[""]',
  '[1,1]',
  '{"":""}',
  '{"__proto__":1}',
  '{"constructor":{"prototype":{}}}',
  '{"amount":"1e400","currency":"USD"}',
  '{"amount":"99999999999999999999999999","currency":"USD"}',
  '{"amount":"-0.0000000000001","currency":"USD"}',
  '{"amount":"1","currency":"ZZZ"}',
  nested(60),
  nested(70),
  `[${'0,'.repeat(5_000)}0]`,
];

const IN_ADDRESS = [...NUMBERS, ...DATES, ...TEXTS.filter((text) => text !== ''), 'null', 'x'.repeat(600)];

/** An address as it goes on the wire: half of a pair cannot be written there, so its bytes go as they would be mistaken. */
function written(text: string): string {
  return text.isWellFormed() ? encodeURIComponent(text) : '%ED%A0%80';
}

/** Every address of an operation with each edge in each name of its path, one at a time, and in each parameter of its query. */
export function edgePaths(path: string, operation: Json, id: string): string[] {
  const names = [...path.matchAll(/\{([^}]+)\}/g)].map((match) => match[1] ?? '');
  let place = path.length;
  const plain = (address: string): string => address.replaceAll(/\{[^}]+\}/g, written(id));
  const inPath = names.flatMap((name) =>
    some(IN_ADDRESS, place++).map((edge) => plain(path.replace(`{${name}}`, written(edge)))),
  );
  const query = parametersOf(operation).filter(({ in: where }) => where === 'query');
  const inQuery = query.flatMap(({ name }) => [
    ...some(IN_ADDRESS, place++).map((edge) => `${plain(path)}?${name}=${written(edge)}`),
    ...[`${name}=`, name, `${name}[]=1`, `${name}=1&${name}=2`, `${name}[a]=1`, `${name}=%ff`].map(
      (text) => `${plain(path)}?${text}`,
    ),
  ]);
  return [plain(path), ...inPath, ...inQuery];
}

function parametersOf(operation: Json): readonly Parameter[] {
  return (operation as unknown as { parameters?: readonly Parameter[] }).parameters ?? [];
}

/** A body that fits, then one for each edge in each member, as JSON text. */
export function edgeBodies(operation: Json, id: string): string[] {
  const { requestBody } = operation as unknown as { requestBody?: { content: Record<string, { schema: Schema }> } };
  const schema = requestBody?.content['application/json']?.schema;
  if (schema === undefined) return ['{}'];
  const plain = JSON.stringify(filled(schema, id));
  const places = placesOf(schema, []);
  return [
    plain,
    ...some(VALUES, plain.length),
    ...places.flatMap((place, at) => some(VALUES, plain.length + at).map((value) => put(plain, place, value))),
  ];
}

/** The ways to every member there is, elements of arrays as `0`. */
function placesOf(schema: Schema, at: readonly string[]): string[][] {
  const either = (schema.anyOf ?? schema.oneOf ?? []).flatMap((one) => placesOf(one, at));
  const members = Object.entries(schema.properties ?? {}).flatMap(([name, member]) => [
    [...at, name],
    ...placesOf(member, [...at, name]),
  ]);
  const elements = schema.items === undefined ? [] : [[...at, '0'], ...placesOf(schema.items, [...at, '0'])];
  return [...either, ...members, ...elements];
}

const MARK = 'put it here, 3f1c';

/** The body with a value, which may be none that JavaScript can say, at a place. */
function put(plain: string, place: readonly string[], value: string): string {
  const body: unknown = JSON.parse(plain);
  let at = body as Record<string, unknown>;
  for (const [index, step] of place.entries()) {
    if (index === place.length - 1) at[step] = MARK;
    else {
      const next = at[step];
      at[step] = typeof next === 'object' && next !== null ? next : place[index + 1] === '0' ? [] : {};
      at = at[step] as Record<string, unknown>;
    }
  }
  return JSON.stringify(body).replace(JSON.stringify(MARK), () => value);
}

function filled(schema: Schema, id: string): unknown {
  if (schema.const !== undefined) return schema.const;
  if (schema.default !== undefined) return schema.default;
  if (schema.enum !== undefined) return schema.enum[0];
  const either = schema.anyOf ?? schema.oneOf;
  if (either?.[0] !== undefined) return filled(either[0], id);
  switch (schema.type) {
    case 'object': {
      const members = Object.entries(schema.properties ?? {}).filter(([name]) => schema.required?.includes(name) === true);
      return Object.fromEntries(members.map(([name, member]) => [name, filled(member, id)]));
    }
    case 'array':
      return schema.items === undefined ? [] : [filled(schema.items, id)];
    case 'integer':
    case 'number':
      return Math.max(schema.minimum ?? 1, 1);
    case 'boolean':
      return true;
    case 'string':
    case undefined:
    default:
      return schema.format === 'email' ? 'someone@elsewhere.example' : schema.format === 'uuid' ? id : 'x';
  }
}
