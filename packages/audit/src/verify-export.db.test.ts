import { createHash } from 'node:crypto';

import type { TestDatabase } from '@purser/database/testing';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { exportAudit } from './export-audit.ts';
import { createAuditLog, sealedAuditLog } from './testing/audit-log.ts';
import { verifyAudit } from './verify-audit.ts';
import { verifyExport } from './verify-export.ts';

let trail: TestDatabase;
let lines: string[];
beforeAll(async () => {
  trail = await createAuditLog();
  await sealedAuditLog(trail.pool, 6);
  lines = await Array.fromAsync(exportAudit(trail.pool));
});
afterAll(() => trail.drop());

test('an export is JSON Lines, one line of columns, one a block and one a row, and verifies without a database', async () => {
  const { head, entries } = await verifyAudit(trail.pool);
  expect(await verifyExport(lines)).toEqual({ intact: true, entries, head });
  expect(BigInt(lines.length)).toBe(entries + 1n + 4n);
  const rows = lines.map((line): unknown => JSON.parse(line)).filter(Array.isArray);
  expect(rows.filter(([source]) => source === 'entry').map((row) => row.at(-1) as unknown)).toEqual(
    [1, 2, 3, 4, 5, 6].map((n) => ({ n })),
  );
  expect(rows.find(([source]) => source === 'attempt')?.at(-1)).toBe('r "1"\n\u2028ü');
});

test('an export may begin after a block', async () => {
  const rest = await Array.fromAsync(exportAudit(trail.pool, { after_seq: 3n }));
  expect(rest.slice(1)).toEqual(lines.slice(lines.findIndex((line) => line.startsWith('{"block":"4"'))));
});

test('the lines, and so the digests, depend on no setting of the session that reads them', async () => {
  const connection = await trail.pool.connect();
  try {
    await connection.query(
      `begin; set local timezone = 'Asia/Kathmandu'; set local datestyle = 'German'; set local extra_float_digits = 0`,
    );
    const { rows } = await connection.query<{ line: string }>(
      'select line from ledger.posting_lines(null, null, 9223372036854775807, 9223372036854775807, 1)',
    );
    expect(lines).toContain(rows[0]?.line);
  } finally {
    await connection.query('rollback');
    connection.release();
  }
});

test('anyone can recompute a part: sha256 of its lines joined by newlines', () => {
  const at = lines.findIndex((line) => line.startsWith('{"block":"4"'));
  const { parts } = JSON.parse(lines[at] ?? '') as { parts: { rows: number; digest: string }[] };
  const rows = lines.slice(at + 1, at + 1 + (parts[0]?.rows ?? 0));
  expect(createHash('sha256').update(rows.join('\n')).digest('hex')).toBe(parts[0]?.digest);
});

describe('whatever is done to an export is noticed', () => {
  const index = fc.nat(1_000).map((n) => 1 + (n % (lines.length - 1)));
  const cases: [string, fc.Arbitrary<(given: string[]) => string[]>][] = [
    [
      'a character changed',
      fc.tuple(index, fc.nat(10_000)).map(
        ([at, n]) =>
          (given) =>
            given.with(at, changed(given[at] ?? '', n)),
      ),
    ],
    ['a line left out', index.map((at) => (given) => given.toSpliced(at, 1))],
    ['a line doubled', index.map((at) => (given) => given.toSpliced(at, 0, given[at] ?? ''))],
    [
      'two lines swapped',
      fc.tuple(index, index).map(
        ([a, b]) =>
          (given) =>
            given.with(a, given[b] ?? '').with(b, given[a] ?? ''),
      ),
    ],
    ['cut short', index.map((at) => (given) => given.slice(0, at))],
  ];

  test.each(cases)('%s', async (_, arbitrary) => {
    const { head } = await verifyAudit(trail.pool);
    await fc.assert(
      fc.asyncProperty(arbitrary, async (change) => {
        const given = change(lines);
        fc.pre(given.join('\n') !== lines.join('\n'));
        expect((await verifyExport(given, { head: head ?? undefined })).intact).toBe(false);
      }),
    );
  });

  function changed(line: string, n: number): string {
    const at = n % line.length;
    return `${line.slice(0, at)}${line[at] === '7' ? '8' : '7'}${line.slice(at + 1)}`;
  }
});

test.each(['', 'not json', '{}', '{"block":"x"}', '[]', '["posting"]'])(
  'a stray line %j is broken, not a crash',
  async (stray) => {
    expect((await verifyExport([lines[0] ?? '', stray])).intact).toBe(false);
  },
);
