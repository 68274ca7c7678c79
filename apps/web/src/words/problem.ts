import type { Offer, Problem } from '../api/wire.ts';
import type { Path } from '../browser/route.ts';
import { durationWords } from './time.ts';

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

const WAIT = 'Wait for the countdown, then try again.';
const BUY: Action = { label: 'See packs and plans', to: '/plan' };
const PAY: Action = { label: 'Settle it on the plan’s page', to: '/plan' };
const SHORTER = 'Shorten the task, or pick a simpler complexity.';

const WORDS: Record<string, Words> = {
  invalid_request: {
    headline: 'That request cannot be read',
    steps: ['Correct what is named above, then try again.'],
    again: false,
  },
  unauthenticated: {
    headline: 'You are signed out',
    steps: ['Sign in again with your key. If it no longer works, ask for a new one.'],
  },
  forbidden: {
    headline: 'You may not do that here',
    steps: ['Ask an owner or admin of the workspace, or sign in with a key that may.'],
  },
  not_found: { headline: 'That is not here', steps: ['Go back and reload: it may have been removed.'] },
  plan_feature_missing: {
    headline: 'Your plan does not include this',
    steps: [
      'Move to a plan that does. The owner of this workspace can do that.',
      'Everything else in your plan works as before.',
    ],
    action: BUY,
    again: false,
  },
  license_ai_disabled: {
    headline: 'AI is off until a payment succeeds',
    steps: ['Settle the open payment, or ask the owner to: see Plan. AI comes back at once.'],
    action: PAY,
  },
  license_sync_disabled: {
    headline: 'Sync is off until a payment succeeds',
    steps: ['Settle the open payment, or ask the owner to: see Plan. It comes back at once.'],
    action: PAY,
  },
  credits_exhausted: {
    headline: 'Not enough credits for this call',
    steps: ['Add credits with a pack, or wait for the monthly refresh.', SHORTER],
    action: BUY,
  },
  cost_ceiling_reached: {
    headline: 'This call does not fit in what is left this period',
    steps: [SHORTER, 'Move to a larger plan or add a pack, which raises the limit.', 'Or wait: the limit resets each period.'],
    action: BUY,
  },
  budget_exhausted: {
    headline: 'The shared budget is used up',
    steps: ['Nobody here can spend more this month. Ask the operator to raise the budget, or wait for the new month.'],
    action: { label: 'See what is left', to: '/usage' },
  },
  quota_exceeded: {
    headline: 'A quota of your plan is used up',
    steps: ['Wait until it is fresh again (see Usage), or move to a larger plan.'],
    action: { label: 'See what is left', to: '/usage' },
  },
  rate_limited: { headline: 'Too many calls in a short time', steps: [WAIT] },
  min_gap: { headline: 'That was a little too quick', steps: [WAIT] },
  concurrency_exceeded: { headline: 'Too many calls at once', steps: ['Let a running call finish, then try again.'] },
  unsupported_media_type: {
    headline: 'That came in a form that is not taken',
    steps: ['This page and the server do not match: reload the page. If it goes on, tell the operator.'],
    again: false,
  },
  request_too_large: {
    headline: 'This task does not fit your limits',
    steps: [SHORTER, 'Or split it into parts and run them one by one.'],
    again: false,
  },
  selection_too_large: { headline: 'Too many were selected', steps: ['Select fewer and try again.'] },
  temporarily_blocked: {
    headline: 'Paused for a while',
    steps: ['Too many requests in a row were wrong, so nothing more is taken for a while. Look at what is sent. ' + WAIT],
  },
  pool_paused: {
    headline: 'The free pool is paused',
    steps: ['Free work shares one pool, and it is nearly used up. Wait for the next cycle, or move to a paid plan.'],
    action: BUY,
  },
  limit_reached: {
    headline: 'A limit is reached',
    steps: ['The line above says which, and what makes room: often something that is no longer needed.'],
  },
  no_model_allowed: {
    headline: 'No model may take this task',
    steps: [
      'Pick another complexity or operation, or name no model.',
      'If it goes on, ask the operator: a provider may not be set up.',
    ],
  },
  price_unknown: {
    headline: 'Nobody knows what this would cost',
    steps: ['Pick another model. Purser never calls one without a known price.'],
    again: false,
  },
  internal: {
    headline: 'Something broke on our side',
    steps: ['Try again. If it goes on, tell the operator: the log names what happened.'],
    tone: 'broken',
  },
  frozen: {
    headline: 'All versions are frozen',
    steps: ['An operator holds every model and roll-out where it is. Try again once they let go.'],
    action: { label: 'See the freeze', to: '/admin/ladders' },
  },
  idempotency_mismatch: {
    headline: 'This request was sent before, with other words',
    steps: ['Run it again: it gets a new number of its own.'],
  },
  not_configured: {
    headline: 'This is not set up here',
    steps: ['Ask the operator: a setting is missing, and nothing was charged.'],
    again: false,
  },
  provider_failed: {
    headline: 'The model did not answer',
    steps: ['Try again; another model may step in.', 'If it goes on, tell the operator.'],
    tone: 'broken',
  },
  provider_timeout: { headline: 'The model took too long', steps: ['Try again, or shorten the task.'], tone: 'broken' },
  overloaded: {
    headline: 'Purser is at its limit',
    steps: ['Too much is going on at once. Try again in a moment.'],
    tone: 'broken',
  },
  connection_lost: {
    headline: 'The connection was lost',
    steps: ['Check your network and try again. The same request is never charged twice.'],
    tone: 'broken',
  },
};

const UNKNOWN: Words = {
  headline: 'Something went wrong',
  steps: ['Try again. If it goes on, pass the details below to the operator.'],
  tone: 'broken',
};

const RAISE_LIMIT = 'Raise “Max cost”, or leave it empty.';
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
    why: sentence(problem.detail === '' ? problem.title : problem.detail),
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
  return `Try again in ${durationWords(seconds * 1000)}`;
}

/** Reads an error response as a problem, whatever stands in front of the server answered. */
export function readProblem(status: number, body: string, retry_after_header: string | null): Problem {
  const given = parseObject(body);
  const text = (key: string): string | undefined => (typeof given[key] === 'string' ? given[key] : undefined);
  const header_seconds = retry_after_header === null ? Number.NaN : Number(retry_after_header);
  const retry_after = typeof given['retry_after'] === 'number' ? given['retry_after'] : header_seconds;
  return {
    title: text('title') ?? `The server answered ${status}`,
    status,
    code: text('code') ?? (status === 401 ? 'unauthenticated' : status === 503 ? 'overloaded' : 'unknown'),
    detail: text('detail') ?? '',
    ...(Number.isFinite(retry_after) ? { retry_after } : {}),
    ...(Array.isArray(given['offers']) ? { offers: given['offers'] as Offer[] } : {}),
  };
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
