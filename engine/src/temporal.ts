import { Temporal as polyfill } from 'temporal-polyfill';

// Before anything else: all that follows takes `Temporal` for granted, which Node has from version 26 on.
const holder = globalThis as { Temporal?: unknown };
holder.Temporal ??= polyfill;
