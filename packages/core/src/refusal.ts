import { assert } from './fault.ts';

/** Every code a caller can meet, with its HTTP status and its title. Published; a code never changes its meaning. */
export const REFUSALS = {
  invalid_request: { status: 400, title: 'The request is not valid' },
  unauthenticated: { status: 401, title: 'No valid key was given' },
  license_ai_disabled: { status: 402, title: 'AI is off until a payment succeeds' },
  license_sync_disabled: { status: 402, title: 'Sync is off until a payment succeeds' },
  credits_exhausted: { status: 402, title: 'The credits are used up' },
  cost_ceiling_reached: { status: 402, title: 'The plan’s cost ceiling is reached' },
  budget_exhausted: { status: 402, title: 'The shared budget is used up' },
  plan_feature_missing: { status: 403, title: 'The plan does not include this' },
  temporarily_blocked: { status: 403, title: 'Blocked for a while' },
  forbidden: { status: 403, title: 'Not allowed' },
  not_found: { status: 404, title: 'Not found' },
  limit_reached: { status: 409, title: 'A limit is reached' },
  no_model_allowed: { status: 409, title: 'No model is allowed for this' },
  price_unknown: { status: 409, title: 'The price is not known' },
  frozen: { status: 409, title: 'Model versions are frozen' },
  unsupported_media_type: { status: 415, title: 'The content type is not supported' },
  request_too_large: { status: 422, title: 'The request is too large' },
  selection_too_large: { status: 422, title: 'Too many were selected' },
  idempotency_mismatch: { status: 422, title: 'The idempotency key was used with another request' },
  quota_exceeded: { status: 429, title: 'A quota is used up' },
  rate_limited: { status: 429, title: 'Too many requests' },
  min_gap: { status: 429, title: 'Too soon after the last request' },
  concurrency_exceeded: { status: 429, title: 'Too many requests at once' },
  pool_paused: { status: 429, title: 'The shared pool is paused' },
  not_configured: { status: 501, title: 'Not set up here' },
  provider_failed: { status: 502, title: 'The provider failed' },
  overloaded: { status: 503, title: 'Overloaded' },
  provider_timeout: { status: 504, title: 'The provider did not answer in time' },
} as const satisfies Record<string, { status: number; title: string }>;

/** A code that there is for every product. */
export type RefusalCode = keyof typeof REFUSALS;

type Status = (typeof REFUSALS)[RefusalCode]['status'];

/** What a code is answered with. */
export interface RefusalKind {
  readonly status: Status;
  readonly title: string;
}

declare const ofModule: unique symbol;
/** A code that a module brought: only `defineRefusals` makes one. */
export type ModuleRefusalCode = string & { readonly [ofModule]: true };

/** The codes of a module, to refuse with, and what each is answered with, for its manifest. */
export interface ModuleRefusals<Code extends string = string> {
  readonly codes: Readonly<Record<Code, ModuleRefusalCode>>;
  readonly kinds: Readonly<Record<Code, RefusalKind>>;
}

export function defineRefusals<const Code extends string>(kinds: Readonly<Record<Code, RefusalKind>>): ModuleRefusals<Code> {
  const codes = Object.fromEntries(Object.keys(kinds).map((code) => [code, code])) as Record<Code, ModuleRefusalCode>;
  return { kinds, codes };
}

/** Of the whole process: what a code means is the same wherever it is met. */
const known = new Map<string, RefusalKind>(Object.entries(REFUSALS));

/** Makes the codes of a module known. @throws BrokenInvariant when one is known already, with another meaning. */
export function registerRefusals({ kinds }: ModuleRefusals): void {
  for (const [code, kind] of Object.entries(kinds)) {
    const before = known.get(code);
    assert(before === undefined || before === kind, `the refusal code ${code} is defined twice`);
    assert(/^[a-z][a-z_]{1,60}$/.test(code), `the refusal code ${code} is not written in snake_case`);
    known.set(code, kind);
  }
}

/** What a code is answered with. @throws BrokenInvariant when its module is not turned on. */
export function refusalKind(code: RefusalCode | ModuleRefusalCode): RefusalKind {
  const kind = known.get(code);
  assert(kind !== undefined, `the refusal code ${code} belongs to no module that is turned on`);
  return kind;
}

/** Every code that is known, with what it is answered with. */
export function refusalKinds(): ReadonlyMap<string, RefusalKind> {
  return known;
}

/** What a refused caller can buy or do. */
export interface Offer {
  readonly kind: 'pack' | 'upgrade' | 'pay' | 'wait' | 'contact';
  readonly id: string;
  readonly text: string;
  readonly price?: { readonly amount: string; readonly currency: string };
}

/** A "no" as a value: expected, explained, and free of charge. */
export interface Refusal {
  readonly refused: true;
  readonly code: RefusalCode | ModuleRefusalCode;
  /** One plain sentence: what was wrong, what was given, what is wanted. */
  readonly detail: string;
  readonly retryAfterSeconds?: number;
  readonly offers?: readonly Offer[];
  /** The provider that refused or failed, where it was one: no mistake of the user's is counted then. */
  readonly provider?: string;
}

export function refuse(
  code: RefusalCode | ModuleRefusalCode,
  detail: string,
  more: { retryAfterSeconds?: number; offers?: readonly Offer[]; provider?: string } = {},
): Refusal {
  return { refused: true, code, detail, ...more };
}

export function isRefusal(value: unknown): value is Refusal {
  return typeof value === 'object' && value !== null && 'refused' in value && value.refused === true;
}

/** Carries a refusal through code that can only throw (parsers, route handlers). */
export class RefusalError extends Error {
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(refusal.detail);
    this.name = 'RefusalError';
    this.refusal = refusal;
  }
}
