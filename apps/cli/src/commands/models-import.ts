import path from 'node:path';

import { importModels } from '@purser/catalog';
import { systemClock } from '@purser/core';
import { loadSettings } from '@purser/settings';

/** Reads models and prices of the community table into the folder of the catalog; what is left out is counted here and listed in the file. */
export async function printModelsImport(file: string): Promise<void> {
  const folder = path.dirname(loadSettings(process.cwd()).catalog_file);
  const imported = await importModels(file, folder, systemClock.now());
  console.log(imported.text);
}
