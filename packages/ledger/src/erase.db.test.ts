import { newId } from '@purser/database';
import type { TestDatabase } from '@purser/database/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { createBooks } from './testing/books.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createBooks();
});
afterAll(() => database.drop());

test.each([
  ['a', 'a', true],
  ['a', 'member:a', true],
  ['a', 'credits:member:a', true],
  ['x:a', 'member:x:a', true],
  ['a', 'a gift', false],
  ['a', 'member:x:a', false],
  ['a', 'member:A', false],
  ['ada', 'adamant', false],
  ['100%', 'member:100%', true],
  ['Ada@Harbour.example', 'a gift for ada@harbour.example.', true],
  ['ada@harbour.example', '<ada@harbour.example>', true],
  ['ada@harbour.example', 'a gift for nada@harbour.example', false],
  ['ada@harbour.example', 'a gift for l.ada@harbour.example', false],
  ['ada@harbour.example', 'a gift for ada@harbour.example.org', false],
  ['a+b@harbour.example', 'a gift for a+b@harbour.example', true],
  ['a.b@harbour.example', 'a gift for axb@harbour.example', false],
])('the name %j in the reason %j: %s', async (name, reason, found) => {
  const { rows } = await database.pool.query('select base.names_one_of($1, $2) as found', [reason, ['nobody', name]]);
  expect(rows).toEqual([{ found }]);
});

test('the calls of an end user are found among so many attempts at a time, and those of another whose name ends the same are not', async () => {
  const workspace = newId<'workspace'>();
  const call = (user: string): object => ({
    workspace_id: workspace,
    hold_id: newId(),
    ordinal: 1,
    actor: 'key:1',
    end_user: user,
    operation: 'chat',
    kind: 'text',
    provider: 'p',
    model: 'm',
    started_at: '2026-03-10T12:00:00Z',
    duration_ms: 1,
    outcome: 'ok',
    usage: {},
    cost: 1,
    cost_unit: 'USD',
  });
  const calls = ['a', 'x:a', 'a', 'A', 'a b', 'a', 'b'].map(call);
  await database.pool.query('select ledger.record_attempts($1)', [JSON.stringify(calls)]);
  const steps: string[][] = [];
  const step = async (after: bigint): Promise<bigint | null | undefined> => {
    const { rows } = await database.pool.query<{ holds: string[]; through: bigint | null }>(
      'select holds, through from ledger.holds_of_user($1, $2, $3, 2)',
      [workspace, 'a', after],
    );
    steps.push(rows[0]?.holds ?? []);
    return rows[0]?.through;
  };
  for (let after: bigint | null | undefined = 0n; typeof after === 'bigint';) after = await step(after);
  const hold = (index: number): string => (calls[index] as { hold_id: string }).hold_id;
  expect(steps).toEqual([[hold(0)], [hold(2)], [hold(5)], [], []]);
});
