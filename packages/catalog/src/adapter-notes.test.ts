import { beforeAll, expect, test } from 'vitest';

import { adapterNotes } from './adapter-notes.ts';
import { type Catalog, loadCatalog } from './index.ts';

let catalog: Catalog;
beforeAll(async () => {
  catalog = await loadCatalog(new URL('../../../catalogs/default.yaml', import.meta.url).pathname);
});

test('a provider without an adapter is named with its models, e-mails and pools; one with an adapter, or that nothing names, is not', () => {
  const others = catalog.providers.filter((provider) => !['elevenlabs', 'mailrelay'].includes(provider));
  expect(adapterNotes(catalog, others)).toEqual([
    'elevenlabs has no adapter here and is never called; it is named by model elevenlabs/eleven_flash_v2_5 (speech of BUSINESS, ENTERPRISE)',
    'mailrelay has no adapter here and is never called; it is named by model mailrelay/email, e-mail of plan FREE, pool mailrelay',
  ]);
  expect(adapterNotes(catalog, catalog.providers)).toEqual([]);
  expect(adapterNotes({ ...catalog, providers: ['nobody'] }, [])).toEqual([]);
});

test('of many models some are named, and how many more there are', () => {
  const [note] = adapterNotes({ ...catalog, providers: ['openai'] }, []);
  expect(note).toMatch(
    /^openai has no adapter here and is never called; it is named by models (?:openai\/[^,]+(?:, [A-Z]+)*\)?, ){6}and \d+ more$/,
  );
});
