import { expect } from 'vitest';

/**
 * A parsed answer as tests look into it: the members they name, whichever answer has them. A path that is not there
 * shows as a failed expectation, not as a type error.
 */
export interface Json extends Iterable<Json> {
  readonly [index: number]: Json;
  readonly length: number;
  map<T>(of: (one: Json) => T): T[];
  filter(is: (one: Json) => boolean): Json[];
  find(is: (one: Json) => boolean): Json | undefined;

  readonly action: string;
  readonly campaign_id: string;
  readonly campaigns: Json;
  readonly counts: Readonly<Record<string, number>>;
  readonly invalid: Json;
  readonly job_id: string;
  readonly jobs: Json;
  readonly local: boolean;
  readonly messages: Json;
  readonly outcome: string;
  readonly senders: Json;
  readonly level: string;
  readonly run_at: string;
  readonly suppressions: Json;
  readonly allocations: Json;
  readonly alerts: Json;
  readonly gifts: Json;
  readonly currency: string;
  readonly day: string;
  readonly days: Json;
  readonly revenue: Json;
  readonly groups: Json;
  readonly rows: Json;
  readonly to: string;
  readonly total: number;
  readonly totals: Json;
  readonly unseen: number;
  readonly reason: string;
  readonly grant_id: string;
  readonly also: Json;
  readonly account: string;
  readonly amount: string;
  readonly at: string;
  readonly balance: number;
  readonly balanced: boolean;
  readonly calls: Json;
  readonly charged: number;
  readonly code: string;
  readonly content: Readonly<Record<string, Json>>;
  readonly ceiling: Json;
  readonly cost: Json;
  readonly credits: Json;
  readonly debit: string;
  readonly degraded: Json;
  readonly detail: string;
  readonly entries: Json;
  readonly error: Json;
  readonly final: boolean;
  readonly flags: Json;
  readonly spenders: Json;
  readonly valid_from: string;
  readonly kind: string;
  readonly forecast: Json;
  readonly held: Json;
  readonly id: string;
  readonly input_tokens: number;
  readonly invitations: Json;
  readonly key: string;
  readonly keys: Json;
  readonly license: string;
  readonly lines: Json;
  readonly meters: Json;
  readonly mismatches: Json;
  readonly name: string;
  readonly net: string;
  readonly next_cursor: string;
  readonly offers: Json;
  readonly offline: boolean;
  readonly openapi: string;
  readonly operators: Json;
  readonly output: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Json>>>>;
  readonly person: Json;
  readonly plan: string;
  readonly postings: Json;
  readonly pack: string;
  readonly packs: Json;
  readonly priced: boolean;
  readonly properties: Readonly<Record<string, Json>>;
  readonly receipts: Json;
  readonly responses: Readonly<Record<string, Json>>;
  readonly retry_after: number;
  readonly revoked_at: string;
  readonly role: string;
  readonly schema: Json;
  readonly session: Json;
  readonly spent: Json;
  readonly state: string;
  readonly status: number;
  readonly text: string;
  readonly token: string;
  readonly transaction_id: string;
  readonly unit: string;
  readonly url: string;
  readonly usage: Json;
  readonly used: number | string;
  readonly workspace: Json;
  readonly workspace_id: string;
  readonly workspaces: Json;
}

/** Text that matches, inside an expected object. */
export function like(pattern: RegExp): unknown {
  return expect.stringMatching(pattern);
}
