import { systemClock } from '@purser/core';
import { catalogExtensions } from '@purser/module';
import { MODULES } from '@purser/server/modules';
import { loadSettings } from '@purser/settings';
import { checkPlans } from '@purser/catalog';
import { CARRIER_IDS } from '@purser/mail';
import { PROVIDER_IDS } from '@purser/providers';

/** Prints the proof of each plan and pack; exit 1 when one does not keep its margin. */
export async function printPlansCheck(file: string | undefined): Promise<void> {
  const extensions = catalogExtensions(MODULES);
  const catalog_file = file ?? loadSettings(process.cwd()).catalog_file;
  const check = await checkPlans(catalog_file, systemClock.now(), { adapters: [...PROVIDER_IDS, ...CARRIER_IDS], extensions });
  console.log(check.text);
  if (!check.holds) process.exitCode = 1;
}
