import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';

import type { WorkspaceId } from '@purser/core';
import type { Pool } from '@purser/database';
import ZipStream from 'zip-stream';

import { INVENTORY } from './inventory.ts';

/** Whose data is exported. */
export type ExportSubject = { readonly workspace: WorkspaceId } | { readonly person: string; readonly email: string | null };

/** Whether the archive shows what the work of the workspace cost, or only what it was charged. */
export type ExportView = 'credits' | 'cost';

/** Columns that show cost, its bounds, or what was made of a payment. */
const COST = /(?:^|_)(?:costs?|fees?|fee|raised?|raises?|ceilings?|margin|reported|revenue|rate|level|value)(?:_|$)/;
/** A cost inside a kept document, whose quotation marks may be escaped. */
const COST_INSIDE = String.raw`(\\*")(cost\w*)\\*":(\{[^{}]*\}|[0-9.eE+-]+)`;
const WITHOUT_COST = `
This installation shows credits to its customers: what their work cost the operator, and the limits on that, are not in this archive.
`;

interface ExportedFile {
  readonly name: string;
  /** The rows of the subject, as JSON, a page at a time. */
  readonly pages: () => AsyncGenerator<readonly string[]>;
}

interface Written {
  readonly file: string;
  rows: number;
  bytes: number;
  sha256: string;
}

const PAGE = 1_000;

const README = `What Purser keeps, in one archive.

Each .jsonl file has one kind of rows, one JSON object a line, oldest first. Amounts of money are whole numbers of a billionth of
their unit, written as text; times are UTC. manifest.json counts the rows of each file and gives its SHA-256; it is written last, so
an archive without it is not whole. Secrets (keys, signing secrets, sessions) are not in it: only their hashes are kept.
What each table is for, and how long it is kept, is described in docs/privacy.md of Purser.
`;

/**
 * Everything that is kept of a workspace, or of a person, as one ZIP archive that is made while it is read: a page of rows at a time is in
 * memory, however many there are. Each row is as it was when its page was read.
 */
export function exportArchive(pool: Pool, now: Temporal.Instant, subject: ExportSubject, view: ExportView): Readable {
  const zip = new ZipStream({ forceZip64: true, level: 3 });
  write(zip, pool, now, subject, view).then(
    () => zip.finish(),
    (error: unknown) => zip.destroy(error instanceof Error ? error : new Error(String(error))),
  );
  return Readable.from(zip);
}

async function write(zip: ZipStream, pool: Pool, now: Temporal.Instant, subject: ExportSubject, view: ExportView): Promise<void> {
  const date = new Date(now.epochMilliseconds);
  const gone = Promise.withResolvers<never>();
  gone.promise.catch(() => undefined);
  zip.once('close', () => gone.reject(new Error('the reader of the archive has disconnected')));
  const entry = (source: string | Readable, name: string): Promise<void> =>
    Promise.race([added(zip, source, name, date), gone.promise]);
  await entry(view === 'credits' ? `${README}${WITHOUT_COST}` : README, 'README.txt');
  const files = 'workspace' in subject ? await filesOfWorkspace(pool, subject.workspace, view) : filesOfPerson(pool, subject);
  const written: Written[] = [];
  for (const { name, pages } of files) {
    const file: Written = { file: `${name}.jsonl`, rows: 0, bytes: 0, sha256: '' };
    await entry(Readable.from(linesOf(pages, file)), file.file);
    written.push(file);
  }
  const about = 'workspace' in subject ? { workspace: subject.workspace } : { person: subject.person };
  await entry(`${JSON.stringify({ ...about, exported_at: now.toString(), files: written }, null, 2)}\n`, 'manifest.json');
}

function added(zip: ZipStream, source: string | Readable, name: string, date: Date): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  if (typeof source !== 'string') source.once('error', reject);
  zip.entry(source, { name, date }, (error) => (error ? reject(error) : resolve()));
  return promise;
}

async function* linesOf(pages: ExportedFile['pages'], file: Written): AsyncGenerator<Buffer> {
  const hash = createHash('sha256');
  for await (const lines of pages()) {
    const chunk = Buffer.from(lines.map((line) => `${line}\n`).join(''));
    hash.update(chunk);
    file.rows += lines.length;
    file.bytes += chunk.length;
    yield chunk;
  }
  file.sha256 = hash.digest('hex');
}

interface Column {
  readonly table: string;
  readonly name: string;
  readonly type: string;
  readonly key: number | null;
}

/** A file for each table that the inventory names, without its secrets. */
async function filesOfWorkspace(pool: Pool, workspace: WorkspaceId, view: ExportView): Promise<ExportedFile[]> {
  const columns = await columnsOf(pool);
  return INVENTORY.flatMap(({ table, file, key, secrets = '', cost = '' }) => {
    if (file === undefined || (view === 'credits' && cost === '*')) return [];
    const own = columns.filter((column) => column.table === table);
    const omitted = new Set([...secrets.split(' '), ...(view === 'credits' ? cost.split(' ') : [])]);
    const order =
      key === undefined
        ? keyOf(own)
        : key
            .split(' ')
            .map((name) => own.find((column) => column.name === name))
            .filter((one) => one !== undefined);
    const shown = own.filter(({ name }) => !omitted.has(name) && !(view === 'credits' && COST.test(name)));
    return [{ name: file, pages: () => pagesOf(pool, { table, shown, order, workspace, view }) }];
  });
}

/** The primary key, with the workspace in front, whose rows alone are read. */
function keyOf(columns: readonly Column[]): Column[] {
  return columns.filter(({ key }) => key !== null).toSorted((one, other) => (one.key ?? 0) - (other.key ?? 0));
}

async function columnsOf(pool: Pool): Promise<Column[]> {
  const { rows } = await pool.query<Column>(
    `select n.nspname || '.' || c.relname as table, a.attname as name, format_type(a.atttypid, null) as type,
       array_position(i.indkey::int2[], a.attnum) as key
     from pg_class c join pg_namespace n on n.oid = c.relnamespace
     join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
     left join pg_index i on i.indrelid = c.oid and i.indisprimary
     where n.nspname || '.' || c.relname = any ($1) order by 1, a.attnum`,
    [INVENTORY.map(({ table }) => table)],
  );
  return rows;
}

interface Reading {
  readonly table: string;
  readonly shown: readonly Column[];
  readonly order: readonly Column[];
  readonly workspace: WorkspaceId;
  readonly view: ExportView;
}

/** Numbers of more than 53 bits would lose digits in JSON. */
const AS_TEXT = new Set(['bigint', 'numeric']);

async function* pagesOf(pool: Pool, { table, shown, order, workspace, view }: Reading): AsyncGenerator<readonly string[]> {
  const quoted = (name: string): string => `"${name}"`;
  const place = table.split('.').map(quoted).join('.');
  const value = ({ name, type }: Column): string => {
    const column = AS_TEXT.has(type) ? `${quoted(name)}::text` : quoted(name);
    if (view === 'cost' || !(type === 'text' || type === 'jsonb')) return column;
    const told = `regexp_replace(${quoted(name)}::text, '${COST_INSIDE}', '\\1\\2\\1:null', 'g')`;
    // What else of a document is money is an agreement or a deed of the operator's.
    return type === 'text' ? told : `case when ${told} ~ '"currency"' then null else ${told}::jsonb end`;
  };
  const members = shown.map((column) => `${value(column)} as ${quoted(column.name)}`).join(', ');
  const counted = view === 'credits' && shown.some(({ name }) => name === 'unit') ? `and t.unit !~ '^[A-Z]{3}$'` : '';
  const keys = order.map(({ name }) => `t.${quoted(name)}`).join(', ');
  const wanted = order.map(({ type }, index) => `$${index + 3}::${type}`).join(', ');
  const statement = (more: boolean): string =>
    `select (select row_to_json(r)::text from (select ${members}) r) as line, array[${order.map(({ name }) => `t.${quoted(name)}::text`).join(', ')}] as key
     from ${place} t where t.workspace_id = $1 ${counted} ${more ? `and (${keys}) > (${wanted})` : ''} order by ${keys} limit $2`;
  for (let last: readonly string[] | undefined; ;) {
    const { rows } = await pool.query<{ line: string; key: string[] }>(statement(last !== undefined), [
      workspace,
      PAGE,
      ...(last ?? []),
    ]);
    if (rows.length > 0) yield rows.map(({ line }) => line);
    last = rows.at(-1)?.key;
    if (last === undefined || rows.length < PAGE) return;
  }
}

/** What is kept of a person besides what its workspaces have: each of those has an export of its own. */
function filesOfPerson(
  pool: Pool,
  { person, email }: { readonly person: string; readonly email: string | null },
): ExportedFile[] {
  const one = (name: string, call: string, values: readonly unknown[]): ExportedFile => ({
    name,
    async *pages() {
      const { rows } = await pool.query<{ line: string }>(`select row_to_json(r)::text as line from ${call} r`, [...values]);
      if (rows.length > 0) yield rows.map(({ line }) => line);
    },
  });
  return [
    one('person', 'identity.export_person($1)', [person]),
    one('memberships', 'identity.export_memberships($1)', [person]),
    one('invitations', 'identity.export_invitations($1)', [email]),
    one('alert_channels', 'notify.export_address($1)', [email]),
    { name: 'audit_log', pages: () => auditOfPerson(pool, person) },
  ];
}

async function* auditOfPerson(pool: Pool, person: string): AsyncGenerator<readonly string[]> {
  for (let last = '0'; ;) {
    const { rows } = await pool.query<{ line: string; id: string }>(
      'select row_to_json(r)::text as line, r.id::text as id from audit.export_person($1, $2, $3) r',
      [person, last, PAGE],
    );
    if (rows.length > 0) yield rows.map(({ line }) => line);
    const end = rows.at(-1);
    if (!end || rows.length < PAGE) return;
    last = end.id;
  }
}
