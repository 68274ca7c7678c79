import path from 'node:path';

import { systemClock } from '@purser/core';
import { loadSettings } from '@purser/settings';
import { importPrices } from '@purser/catalog';

/** Reads the community price table into the folder of the catalog; what is not certain of it is left out and counted. */
export async function printPricesImport(file: string): Promise<void> {
  const folder = path.dirname(loadSettings(process.cwd()).catalog_file);
  const imported = await importPrices(file, folder, systemClock.now());
  console.log(imported.text);
}
