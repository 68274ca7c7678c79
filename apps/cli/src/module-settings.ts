import { MODULES } from '@purser/server/modules';
import type { SettingsTable } from '@purser/settings';

/** What the modules of this installation add to the settings. */
export function moduleSettings(): SettingsTable[] {
  return MODULES.flatMap(({ settings }) => settings ?? []);
}
