import { readFile } from 'node:fs/promises';

import { newId } from '@purser/database';
import type { TestDatabase } from '@purser/database/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { createBooks, post } from './testing/books.ts';

let books: TestDatabase;
beforeAll(async () => {
  // One connection, for a function that is there only for it.
  books = await createBooks(1);
});
afterAll(() => books.drop());

interface Pair {
  readonly debit: string;
  readonly credit: string;
  readonly unit: 'money' | 'credits';
  readonly stands_for: string;
}

async function chart(): Promise<Pair[]> {
  return (await books.pool.query<Pair>('select debit, credit, unit, stands_for from ledger.chart_of_accounts()')).rows;
}

/** An account of a kind, with a name where the kind has one. */
const named = (kind: string) => kind.replace(/<[a-z]+>/u, 'x');
const posted = ({ debit, credit, unit }: Omit<Pair, 'stands_for'>) =>
  post(books.pool, { debit: named(debit), credit: named(credit), amount: 1n, unit: unit === 'credits' ? 'credit' : 'USD' });

test('every pair of the chart of accounts can be posted, each once, and says what it stands for', async () => {
  const pairs = await chart();
  for (const pair of pairs) {
    await posted(pair);
    expect(pair.stands_for).not.toBe('');
  }
  expect(new Set(pairs.map(({ debit, credit }) => `${debit} < ${credit}`)).size).toBe(pairs.length);
});

test('any other pair of known accounts, another unit and an unknown account fail, whoever posts', async () => {
  const pairs = await chart();
  const known = pairs.flatMap(({ debit, credit }) => [debit, credit]);
  const accounts = [...new Set(known), 'vault', 'payable', 'granted', 'spent:', 'revenue'].map(named);
  // Each is tried by itself, and taken back: what was accepted is what is raised at the end.
  await books.pool.query(`create function pg_temp.accepted(p_accounts text[]) returns text[] language plpgsql as $$
    declare
      d text; c text; u text; v_accepted text[] := '{}';
    begin
      foreach d in array p_accounts loop foreach c in array p_accounts loop foreach u in array array['USD', 'credit'] loop
        begin
          perform ledger.post(now(), gen_random_uuid(), null, d, c, 1, u);
          v_accepted := v_accepted || (d || ' < ' || c || ' in ' || u);
        exception when check_violation then null;
        end;
      end loop; end loop; end loop;
      return v_accepted;
    end $$`);
  const { rows } = await books.pool.query<{ accepted: string[] }>('select pg_temp.accepted($1) as accepted', [accounts]);
  const allowed = pairs.map(
    ({ debit, credit, unit }) => `${named(debit)} < ${named(credit)} in ${unit === 'money' ? 'USD' : 'credit'}`,
  );
  expect(rows[0]?.accepted.toSorted()).toEqual(allowed.toSorted());
  await expect(posted({ debit: 'receivable', credit: 'wallet', unit: 'money' })).rejects.toThrow(
    /^receivable ← wallet in USD is not in the chart of accounts$/u,
  );
});

test('calls of before keep their sealed lines when the end user moves to a column of its own', async () => {
  const workspace = newId<'workspace'>();
  const attempt = (ordinal: number, actor: string) => ({
    workspace_id: workspace,
    hold_id: newId<'hold'>(),
    ordinal,
    actor,
    operation: 'chat',
    kind: 'text',
    provider: 'p',
    model: 'm',
    started_at: '2026-03-10T12:00:00Z',
    duration_ms: 1,
    outcome: 'ok',
  });
  const before = ['key:1', 'key:1 user:ada', 'key:1 user:ada user:bob', 'key:1 user:', 'user:7 user:ø "x"'].map((actor, at) =>
    attempt(at + 1, actor),
  );
  await books.pool.query('select ledger.record_attempts($1)', [JSON.stringify(before)]);
  const lines = async () =>
    (
      await books.pool.query<{ line: string }>(
        `select line from ledger.attempt_lines(null, null, 9223372036854775807, 9223372036854775807, 100)`,
      )
    ).rows;
  const sealed = await lines();
  const migration = await readFile(new URL('../migrations/017_end_user.sql', import.meta.url), 'utf8');
  const backfill = /^do \$\$\n.*?^end \$\$;/msu.exec(migration)?.[0] ?? '';
  await books.pool.query(backfill);
  await books.pool.query(backfill);
  expect(await lines()).toEqual(sealed);
  const { rows } = await books.pool.query('select actor, end_user from ledger.attempt where workspace_id = $1 order by ordinal', [
    workspace,
  ]);
  expect(rows).toEqual([
    { actor: 'key:1', end_user: null },
    { actor: 'key:1', end_user: 'ada' },
    { actor: 'key:1', end_user: 'ada user:bob' },
    { actor: 'key:1', end_user: '' },
    { actor: 'user:7', end_user: 'ø "x"' },
  ]);
  await expect(books.pool.query('update ledger.attempt set end_user = null')).rejects.toThrow(/append-only/u);
});
