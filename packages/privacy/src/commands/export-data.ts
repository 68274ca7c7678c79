import type { CommandContext } from '@purser/module';
import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';

import { fileTrouble } from '@purser/core';
import type { Pool } from '@purser/database';
import { personNamed, workspaceNamed } from '@purser/identity';

import { exportArchive, type ExportSubject } from '../export.ts';

/** Writes everything that is kept of a workspace to one archive. */
export async function exportWorkspace(context: CommandContext, name: string, file: string): Promise<void> {
  await write(context, file, async (pool) => ({ workspace: (await workspaceNamed(pool, name)).workspace_id }));
}

export async function exportPerson(context: CommandContext, email: string, file: string): Promise<void> {
  await write(context, file, async (pool) => ({ person: await personNamed(pool, email), email }));
}

async function write(context: CommandContext, file: string, subjectOf: (pool: Pool) => Promise<ExportSubject>): Promise<void> {
  const pool = await context.database();
  const subject = await subjectOf(pool);
  // A file that is there already is somebody's.
  try {
    await pipeline(
      exportArchive(pool, context.clock.now(), subject, 'cost'),
      createWriteStream(file, { flags: 'wx', mode: 0o600 }),
    );
  } catch (error) {
    throw fileTrouble(`${file} cannot be written`, error);
  }
  context.print(`written to ${file}`);
}
