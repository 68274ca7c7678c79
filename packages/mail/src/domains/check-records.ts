import { Resolver } from 'node:dns/promises';

import type { DomainRecord } from './domain-records.ts';

/** `found`; `missing`: DNS says that it is not there, or says something else; `unknown`: DNS did not answer. */
export type RecordState = 'found' | 'missing' | 'unknown';

export interface CheckedRecord extends DomainRecord {
  readonly state: RecordState;
}

/** Of the first try; the second has about twice as long. */
const TIMEOUT_MS = 1_000;
const TRIES = 2;
/** What says that there is nothing, other than that nobody can be asked. */
const NOTHING = new Set(['ENOTFOUND', 'ENODATA']);

/** Asks DNS for records, all side by side; `servers` (`host:port`) in place of those of this machine. Ends within ten seconds. */
export function recordChecker(servers: readonly string[]) {
  return async (records: readonly DomainRecord[]): Promise<readonly CheckedRecord[]> => {
    const resolver = new Resolver({ timeout: TIMEOUT_MS, tries: TRIES });
    if (servers.length > 0) resolver.setServers(servers);
    return Promise.all(records.map(async (record) => ({ ...record, state: await stateOf(resolver, record) })));
  };
}

async function stateOf(resolver: Resolver, record: DomainRecord): Promise<RecordState> {
  const { purpose, type, name, value } = record;
  if (type === 'CNAME') return found(await answers(() => resolver.resolveCname(name)), (said) => host(said) === host(value));
  const own = found(await texts(resolver, name), (said) => says(purpose, said, value));
  if (own !== 'missing' || purpose !== 'dmarc') return own;
  // A domain without a policy of its own has that of the one above it.
  const above = name.split('.').slice(2).join('.');
  return above.includes('.') ? found(await texts(resolver, `_dmarc.${above}`), (said) => says('dmarc', said, value)) : own;
}

type Answers = readonly string[] | 'unknown';

function found(said: Answers, is: (one: string) => boolean): RecordState {
  return said === 'unknown' ? 'unknown' : said.some(is) ? 'found' : 'missing';
}

function texts(resolver: Resolver, name: string): Promise<Answers> {
  return answers(async () => (await resolver.resolveTxt(name)).map((parts) => parts.join('')));
}

async function answers(ask: () => Promise<readonly string[]>): Promise<Answers> {
  try {
    return await ask();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : '';
    return typeof code === 'string' && NOTHING.has(code) ? [] : 'unknown';
  }
}

function says(purpose: DomainRecord['purpose'], said: string, value: string): boolean {
  const words = said.trim().toLowerCase();
  // Others may be allowed to send as well, and any policy will do.
  if (purpose === 'spf')
    return words.startsWith('v=spf1 ') && words.split(/\s+/u).some((one) => /^[+?~]?include:amazonses\.com$/u.test(one));
  if (purpose === 'dmarc') return /^v=dmarc1\s*;/u.test(words) && /;\s*p\s*=\s*(?:none|quarantine|reject)\b/u.test(words);
  return said.trim() === value;
}

function host(name: string): string {
  return name.toLowerCase().replace(/\.$/u, '');
}
