import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseEnv } from 'node:util';

import { Fault } from '@purser/core';
import { parseSettings, type Settings } from './settings.ts';
import type { SettingsTable } from './table.ts';

/**
 * The settings of this process: its environment over the file `.env` of a folder, if there is one; `tables`: what modules add.
 * @throws Fault with one line that names the wrong setting.
 */
export function loadSettings(folder: string, tables: readonly SettingsTable[] = []): Settings {
  return parseSettings({ ...readFile(path.join(folder, '.env')), ...process.env }, tables);
}

function readFile(file: string): NodeJS.Dict<string> {
  let content: string;
  try {
    content = readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return {};
    throw new Fault(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`, {
      retryable: false,
      cause: error,
    });
  }
  return parseEnv(content);
}
