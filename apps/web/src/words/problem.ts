import type { Offer } from '@purser/api';
import type { Problem } from '../api/problem.ts';
import type { Path } from '../browser/route.ts';
import { durationWords, localTimes } from './time.ts';
import { t } from './translate.ts';

/** A "no" as a person would say it. */
export interface PlainProblem {
  readonly headline: string;
  /** What happened, and that it cost nothing where that is true. */
  readonly why: string;
  /** What the reader can do, best first. Never empty. */
  readonly steps: readonly string[];
  /** Seconds until trying again makes sense; undefined when waiting does not help. */
  readonly wait_seconds?: number;
  readonly offers: readonly Offer[];
  /** The page on which something can be done about it. */
  readonly action?: Action;
  /** False when the very same request will be refused again, however long one waits. */
  readonly again: boolean;
  /** `no`: the rules said so; `broken`: something failed that should not have. */
  readonly tone: 'no' | 'broken';
}

export interface Action {
  readonly label: string;
  readonly to: Path;
}

interface Words {
  readonly headline: string;
  readonly steps: readonly string[];
  readonly action?: Action;
  readonly tone?: 'broken';
  readonly again?: false;
}

const WAIT = t('Wait for the countdown, then try again.');
const BUY: Action = { label: t('See packs and plans'), to: '/plan' };
const PAY: Action = { label: t('Pay on the plan page'), to: '/plan' };
const SHORTER = t('Shorten the task, or choose a simpler complexity.');

const WORDS: Record<string, Words> = {
  invalid_request: {
    headline: t('Invalid request'),
    steps: [t('Correct what is named above, then try again.')],
    again: false,
  },
  unauthenticated: {
    headline: t('You are signed out'),
    steps: [t('Sign in again with your key. If it no longer works, ask for a new one.')],
  },
  forbidden: {
    headline: t('Not allowed'),
    steps: [t('Ask an owner or admin of the workspace, or sign in with a key that may.')],
  },
  not_found: { headline: t('Not found'), steps: [t('Go back and reload: it may have been removed.')] },
  plan_feature_missing: {
    headline: t('Your plan does not include this'),
    steps: [
      t('Move to a plan that does. The owner of this workspace can do that.'),
      t('Everything else in your plan works as before.'),
    ],
    action: BUY,
    again: false,
  },
  license_ai_disabled: {
    headline: t('AI is off until a payment succeeds'),
    steps: [t('Pay the open invoice, or ask the owner to: see Plan. AI works again at once.')],
    action: PAY,
  },
  license_sync_disabled: {
    headline: t('Sync is off until a payment succeeds'),
    steps: [t('Pay the open invoice, or ask the owner to: see Plan. It works again at once.')],
    action: PAY,
  },
  credits_exhausted: {
    headline: t('Not enough credits for this call'),
    steps: [t('Add credits with a pack, or wait for the monthly refresh.'), SHORTER],
    action: BUY,
  },
  cost_ceiling_reached: {
    headline: t('Not enough budget left for this call'),
    steps: [
      SHORTER,
      t('Move to a larger plan or add a pack, which raises the limit.'),
      t('Or wait: the limit resets each billing period.'),
    ],
    action: BUY,
  },
  budget_exhausted: {
    headline: t('The shared budget is used up'),
    steps: [t('The budget that all share is spent for this month. Ask the operator to raise it, or wait for the new month.')],
    action: { label: t('See your limits'), to: '/usage' },
  },
  quota_exceeded: {
    headline: t('A quota of your plan is used up'),
    steps: [t('Wait until it resets (see Usage), or move to a larger plan.')],
    action: { label: t('See your limits'), to: '/usage' },
  },
  rate_limited: { headline: t('Too many calls in a short time'), steps: [WAIT] },
  min_gap: { headline: t('Calls too close together'), steps: [WAIT] },
  concurrency_exceeded: { headline: t('Too many calls at once'), steps: [t('Let a running call finish, then try again.')] },
  unsupported_media_type: {
    headline: t('Unsupported content type'),
    steps: [t('This page and the server do not match: reload the page. If it happens again, tell the operator.')],
    again: false,
  },
  request_too_large: {
    headline: t('This task does not fit your limits'),
    steps: [SHORTER, t('Or split it into parts and run them one by one.')],
    again: false,
  },
  selection_too_large: { headline: t('Too many were selected'), steps: [t('Select fewer and try again.')] },
  temporarily_blocked: {
    headline: t('Temporarily blocked'),
    steps: ['Too many requests in a row were wrong, so requests are blocked for a while. Check what is sent. ' + WAIT],
  },
  pool_paused: {
    headline: t('The free pool is paused'),
    steps: [t('All free workspaces share one pool, and it is nearly used up. Wait until it resets, or move to a paid plan.')],
    action: BUY,
  },
  limit_reached: {
    headline: t('A limit is reached'),
    steps: [t('The line above says which one. Delete something that is no longer needed, or move to a larger plan.')],
  },
  no_model_allowed: {
    headline: t('No model is available for this task'),
    steps: [
      t('Choose another complexity or operation, or name no model.'),
      t('If it happens again, ask the operator: a provider may not be configured.'),
    ],
  },
  price_unknown: {
    headline: t('The price of this model is unknown'),
    steps: [t('Choose another model. Purser never calls one without a known price.')],
    again: false,
  },
  internal: {
    headline: t('Something went wrong on our side'),
    steps: [t('Try again. If it happens again, tell the operator: the log says what happened.')],
    tone: 'broken',
  },
  frozen: {
    headline: t('Model versions are frozen'),
    steps: [t('An operator has frozen every model version and roll-out. Try again once they unfreeze.')],
    action: { label: t('See the freeze'), to: '/admin/throttling' },
  },
  idempotency_mismatch: {
    headline: t('This request was sent before with another body'),
    steps: [t('Run it again: it gets a new idempotency key.')],
  },
  not_configured: {
    headline: t('Not configured'),
    steps: [t('Ask the operator: a setting is missing, and nothing was charged.')],
    again: false,
  },
  provider_failed: {
    headline: t('The model did not answer'),
    steps: [t('Try again; another model may step in.'), t('If it happens again, tell the operator.')],
    tone: 'broken',
  },
  provider_timeout: { headline: t('The model took too long'), steps: [t('Try again, or shorten the task.')], tone: 'broken' },
  overloaded: {
    headline: t('Purser is overloaded'),
    steps: [t('Too many calls are running. Try again in a moment.')],
    tone: 'broken',
  },
  connection_lost: {
    headline: t('The connection was lost'),
    steps: [t('Check your network and try again. The same request is never charged twice.')],
    tone: 'broken',
  },
};

const UNKNOWN: Words = {
  headline: t('Something went wrong'),
  steps: [t('Try again. If it happens again, send the details below to the operator.')],
  tone: 'broken',
};

const RAISE_LIMIT = t('Raise “Max cost”, or leave it empty.');
/** Codes that a limit of the reader's own can bring about. */
const BY_OWN_LIMIT = new Set(['request_too_large', 'no_model_allowed', 'cost_ceiling_reached']);

/**
 * Puts a problem of the API into plain words. Unknown codes keep the server's own title and detail.
 * `cost_limited`: the request said itself what it may cost at most.
 */
export function explain(problem: Problem, { cost_limited = false } = {}): PlainProblem {
  const known = WORDS[problem.code];
  const words = known ?? { ...UNKNOWN, headline: problem.title === '' ? UNKNOWN.headline : problem.title };
  const wait =
    problem.retry_after !== undefined && problem.retry_after > 0 ? { wait_seconds: Math.ceil(problem.retry_after) } : {};
  return {
    headline: words.headline,
    why: localTimes(sentence(problem.detail === '' ? problem.title : problem.detail)),
    steps: [...(cost_limited && BY_OWN_LIMIT.has(problem.code) ? [RAISE_LIMIT] : []), ...words.steps].map((step) =>
      step.endsWith(WAIT) && problem.retry_after === undefined ? step.replace(WAIT, 'Wait a little, then try again.') : step,
    ),
    ...wait,
    offers: problem.offers ?? [],
    ...(words.action === undefined ? {} : { action: words.action }),
    again: words.again ?? true,
    tone: words.tone ?? 'no',
  };
}

/** As a sentence: a capital first, a full stop last. */
function sentence(text: string): string {
  const whole = text.charAt(0).toUpperCase() + text.slice(1);
  return whole === '' || /[.!?…]$/.test(whole) ? whole : `${whole}.`;
}

/** "Try again in 12 seconds". */
export function waitWords(seconds: number): string {
  return t('Try again in {duration}', { duration: durationWords(seconds * 1000) });
}
