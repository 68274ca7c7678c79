import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { allMigrations, createTestDatabase, type TestDatabase } from '@purser/database/testing';

import { DEPENDENCIES } from './dependencies.ts';

/*
 * Grants and their counter row change together: a writer of grants that does not hold the row’s lock could lose what a settle does at that moment. Every
 * function that writes grants takes the lock before it does, or is only called by functions that have.
 */

interface SqlFunction {
  readonly name: string;
  readonly body: string;
}

const WRITES = /(?:insert\s+into|update|delete\s+from)\s+meters\.grant\b/i;
const LOCKS = /meters\.lock_panels\s*\(|from\s+meters\.panel\b[^;]*\bfor\s+update/i;

let database: TestDatabase;
let functions: readonly SqlFunction[];
beforeAll(async () => {
  const [, ...aboveBase] = allMigrations(new URL('./', import.meta.url), Object.keys(DEPENDENCIES));
  database = await createTestDatabase(aboveBase);
  const { rows } = await database.pool.query<SqlFunction>(
    `select n.nspname || '.' || p.proname as name, p.prosrc as body from pg_proc p join pg_namespace n on n.oid = p.pronamespace
     where n.nspname not in ('pg_catalog', 'information_schema')`,
  );
  functions = rows.map(({ name, body }) => ({ name, body: body.replaceAll(/--[^\n]*/g, '') }));
});
afterAll(() => database.drop());

/** Where a body first does something, as long as it has not taken the lock before. */
function unlocked(body: string, what: RegExp): boolean {
  const place = body.search(what);
  const lock = body.search(LOCKS);
  return place >= 0 && (lock < 0 || place < lock);
}

function calls(name: string): RegExp {
  return new RegExp(`\\b${name.replace('.', '\\.')}\\s*\\(`);
}

/** Functions that write grants under a lock that only their callers have. */
function helpers(): Set<string> {
  const found = new Set(functions.filter(({ body }) => unlocked(body, WRITES)).map(({ name }) => name));
  for (let size = -1; size !== found.size;) {
    size = found.size;
    for (const { name, body } of functions)
      if ([...found].some((helper) => helper !== name && unlocked(body, calls(helper)))) found.add(name);
  }
  return found;
}

test('every SQL function that writes grants holds the lock of the counter row, itself or by those that call it', () => {
  const writers = functions.filter(({ body }) => WRITES.test(body)).map(({ name }) => name);
  expect(writers).toEqual(expect.arrayContaining(['meters.grant_credits', 'meters.lapse_grants', 'meters.end_grants']));
  const locked = functions.filter(({ body }) => LOCKS.test(body));
  // Of those that lean on their callers each is called by one that locks, and nobody else begins there.
  const open = [...helpers()].filter(
    (helper) => !functions.some(({ name, body }) => name !== helper && calls(helper).test(body)),
  );
  expect(open).toEqual([]);
  expect(locked.length).toBeGreaterThan(5);
});

test('a program that writes grants, or calls a function that leaves the lock to its callers, takes it before', () => {
  const root = import.meta.dirname;
  const forbidden = [WRITES, ...[...helpers()].map(calls)];
  const wrong = globSync('{packages,apps}/*/src/**/*.ts', { cwd: root })
    .filter((file) => !/\.test\.ts$|testing|fixture/.test(file))
    .filter((file) => {
      const text = readFileSync(path.join(root, file), 'utf8');
      return forbidden.some((pattern) => unlocked(text, pattern));
    });
  expect(wrong).toEqual([]);
});
