import { existsSync } from 'node:fs';

/** The browser journeys need Chromium; with PURSER_REQUIRE_SERVICES=1 a missing one fails the run here. */
export default function setup(): void {
  const chromium = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium';
  if (!existsSync(chromium)) throw new Error(`PURSER_REQUIRE_SERVICES=1, but there is no Chromium at ${chromium}`);
}
