export { address, flag, oneOf, secret, text, whole } from './kinds.ts';
export { loadSettings } from './load.ts';
export type { TrustedProxies } from './proxies.ts';
export { parseSettings, type Settings } from './settings.ts';
export { defineSettings, type SettingsTable } from './table.ts';
export type { ProviderName, ProviderSettings } from './upstreams.ts';
