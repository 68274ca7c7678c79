import { systemClock } from '@purser/core';
import { loadSettings } from '@purser/settings';
import { checkPlans } from '@purser/catalog';
import { PROVIDER_IDS } from '@purser/providers';

/** Prints the proof of each plan and pack; exit 1 when one does not keep its margin. */
export async function printPlansCheck(file: string | undefined): Promise<void> {
  const check = await checkPlans(file ?? loadSettings(process.cwd()).catalog_file, systemClock.now(), PROVIDER_IDS);
  console.log(check.text);
  if (!check.holds) process.exitCode = 1;
}
