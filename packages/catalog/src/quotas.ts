/** Over what time a quota counts; `none`: how many there may be, or how many one request may ask for, which no counter keeps. */
export const QUOTA_WINDOWS = ['billing_period', 'week', 'day', 'resource', 'none'] as const;
export type QuotaWindow = (typeof QUOTA_WINDOWS)[number];

/** What a quota counts by: the whole workspace, each of its users, each platform it posts to, each resource it makes. */
export const QUOTA_SCOPES = ['workspace', 'user', 'platform', 'resource'] as const;
export type QuotaScope = (typeof QUOTA_SCOPES)[number];

/** One quota that a plan may set. The YAML schema, overrides, meters, the usage page and alerts follow from it. */
export interface QuotaDefinition {
  /** As it is written in a plan: `tokens_day`. */
  readonly key: string;
  /** What is counted, in the singular: `token`. */
  readonly unit: string;
  readonly window: QuotaWindow;
  readonly scope: QuotaScope;
  /** The tasks of the gate, and the actions of products, that take from it. */
  readonly counts: readonly string[];
  /** What people read: `Tokens a day`. */
  readonly label: string;
  /** The key of its counters, where that is another than its own. */
  readonly meter?: string;
  /** Quotas of the same thing that are wider: more than their cap is a slip of the pen. */
  readonly within?: readonly string[];
}

type Definition = Omit<QuotaDefinition, 'key'>;

/** What takes tokens, and what counts as one call. */
const TOKENS = { unit: 'token', counts: ['text', 'embedding'] };
const CALLS = { unit: 'job', counts: ['text', 'embedding', 'image', 'speech', 'transcription', 'moderation', 'video'] };
const EMAILS = { unit: 'email', counts: ['email'] };

const month = { window: 'billing_period', scope: 'workspace' } as const;
const week = { window: 'week', scope: 'workspace' } as const;
const day = { window: 'day', scope: 'workspace' } as const;
const userDay = { window: 'day', scope: 'user' } as const;
const fixed = { window: 'none', scope: 'workspace', counts: [] } as const;
const post = { window: 'resource', scope: 'resource' } as const;

const BUILT_IN = {
  tokens_month: { ...TOKENS, ...month, label: 'Tokens a month', meter: 'tokens' },
  jobs_month: { ...CALLS, ...month, label: 'Calls a month', meter: 'jobs' },
  tokens_week: { ...TOKENS, ...week, label: 'Tokens a week', within: ['tokens_month'] },
  tokens_day: { ...TOKENS, ...day, label: 'Tokens a day', within: ['tokens_week'] },
  tokens_user_day: { ...TOKENS, ...userDay, label: 'Tokens a user and day', within: ['tokens_day'] },
  jobs_week: { ...CALLS, ...week, label: 'Calls a week', within: ['jobs_month'] },
  jobs_day: { ...CALLS, ...day, label: 'Calls a day', within: ['jobs_week'] },
  jobs_user_day: { ...CALLS, ...userDay, label: 'Calls a user and day', within: ['jobs_day'] },
  images_month: { ...month, unit: 'image', counts: ['image'], label: 'Images a month' },
  audio_seconds_month: { ...month, unit: 'second', counts: ['speech', 'transcription'], label: 'Seconds of sound a month' },
  video_minutes_month: { ...month, unit: 'minute', counts: ['video'], label: 'Minutes of video a month' },
  emails_user_day: { ...EMAILS, ...userDay, label: 'E-mails a user and day', within: ['emails_day', 'emails_month'] },
  emails_day: { ...EMAILS, ...day, label: 'E-mails a day', within: ['emails_month'] },
  emails_month: { ...EMAILS, ...month, label: 'E-mails a month' },
  businesses: { ...fixed, unit: 'business', label: 'Businesses' },
  platforms: { ...fixed, unit: 'platform', label: 'Platforms' },
  posts_platform_week: { unit: 'post', window: 'week', scope: 'platform', counts: ['post'], label: 'Posts a platform and week' },
  candidates_batch: { ...fixed, unit: 'image', label: 'Candidates in a batch' },
  candidate_batches_post: { ...post, unit: 'batch', counts: ['candidates'], label: 'Batches for a post' },
  finals_post: { ...post, unit: 'image', counts: ['finals'], label: 'Final images of a post' },
  finalizations_post: {
    ...post,
    unit: 'finalization',
    counts: ['finals'],
    label: 'Final runs of a post',
    within: ['finals_post'],
  },
  teams: { ...fixed, unit: 'team', label: 'Teams' },
} as const satisfies Readonly<Record<string, Definition>>;

/** A quota that every catalog knows; modules may define more. */
export type QuotaKey = keyof typeof BUILT_IN;

export const QUOTAS: readonly QuotaDefinition[] = Object.entries<Definition>(BUILT_IN).map(([key, quota]) => ({ key, ...quota }));

/**
 * Caps by quota; one that is absent is not limited. Days, weeks and months are the workspace's: days and weeks in its time zone (weeks
 * from Monday), months from its billing anchor.
 */
export type Quotas = { readonly [key in QuotaKey]?: bigint } & { readonly [key: string]: bigint | undefined };
