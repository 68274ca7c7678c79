import { formatCount, formatMoney, type Money } from '../../../words/amount.ts';
import { featureWords } from '../../../words/feature.ts';

const NAMES: Record<string, string> = {
  license_stage: 'License',
  ceiling: 'Cost ceiling',
  cost_cap: 'Admitted of the ceiling',
  credits_monthly: 'Credits a month',
  concurrency: 'Calls side by side',
  defaultRouting: 'New model versions',
  priority: 'Place in the queue',
  model_class_max: 'Best class of model',
  image_quality_max: 'Best image quality',
  frozen: 'Models frozen',
  'quotas.tokens_month': 'Tokens a month',
  'quotas.jobs_month': 'Calls a month',
  'quotas.images_month': 'Images a month',
  'quotas.audio_seconds_month': 'Seconds of speech a month',
  'quotas.video_minutes_month': 'Minutes of video a month',
  'quotas.emails_user_day': 'E-mails a user and day',
  'quotas.emails_day': 'E-mails a day',
  'quotas.emails_month': 'E-mails a month',
  'quotas.businesses': 'Businesses',
  'quotas.platforms': 'Platforms',
  'quotas.posts_platform_week': 'Posts a platform and week',
  'quotas.candidates_batch': 'Candidates in a batch',
  'quotas.candidate_batches_post': 'Batches for a post',
  'quotas.finals_post': 'Final images of a post',
  'quotas.finalizations_post': 'Final runs of a post',
  'quotas.teams': 'Teams',
  'rate.rps': 'Requests a second',
  'rate.rpm': 'Requests a minute',
  'rate.burst': 'Requests in a burst',
  'request.output_tokens_max': 'Longest answer, in tokens',
  'request.credits_max': 'Credits one call may take',
  'request.input_chars_max': 'Longest task, in characters',
  'visibility.showBetaModels': 'Beta models',
  'visibility.allowUnverified': 'Models nobody has tried',
  'abuse.credits_hour_max': 'Credits an hour before it looks odd',
};

const GROUPS = ['Money and credits', 'Quotas', 'Pace and size', 'Models', 'Features'] as const;
export type PolicyGroup = (typeof GROUPS)[number];
const MONEY = new Set(['license_stage', 'ceiling', 'cost_cap', 'credits_monthly']);

const VALUES: Record<string, string> = {
  allow_minor: 'small steps only',
  latest: 'at once',
  pinned: 'never: pinned',
};

function startsUpper(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** A value of the policy as a reader calls it. */
export function policyName(name: string): string {
  if (Object.hasOwn(NAMES, name)) return NAMES[name] ?? name;
  const [group = '', ...rest] = name.split('.');
  const key = rest.join(' ').replaceAll('_', ' ');
  switch (group) {
    case 'features':
      return featureWords(rest.join('.'));
    case 'providers':
      return `Providers of ${key}`;
    case 'pinned':
      return `Pinned for ${key}`;
    default:
      return startsUpper(name.replaceAll(/[_.]+/g, ' '));
  }
}

export function policyGroup(name: string): PolicyGroup {
  if (MONEY.has(name)) return 'Money and credits';
  if (name.startsWith('quotas.')) return 'Quotas';
  if (name === 'concurrency' || /^(?:rate|request|abuse)\./.test(name)) return 'Pace and size';
  return name.startsWith('features.') ? 'Features' : 'Models';
}

export function policyGroups(): readonly PolicyGroup[] {
  return GROUPS;
}

function isMoney(value: object): value is Money {
  return 'amount' in value && 'currency' in value;
}

/** A value in words: "on", "no limit", "€13.59", "gemini, then openai". */
export function policyValue(name: string, value: unknown): string {
  if (value === null || value === undefined) return name.endsWith('_max') && !name.includes('.') ? 'any' : 'no limit';
  if (typeof value === 'boolean') return value ? (name === 'frozen' ? 'yes' : 'on') : name === 'frozen' ? 'no' : 'off';
  if (typeof value === 'number') return formatCount(value);
  if (typeof value === 'string') return /^\d+$/.test(value) ? formatCount(value) : (VALUES[value] ?? value.replaceAll('_', ' '));
  if (Array.isArray(value)) return value.join(', then ');
  if (isMoney(value)) return formatMoney(value);
  return Object.values(value).join(' ');
}

const ORIGINS: Record<string, string> = {
  plan: 'Plan',
  override: 'Agreed',
  license: 'License',
  cost_cap: 'Cost cap',
  raise: 'Bought',
  rung: 'Throttled',
  freeze: 'Frozen',
};

/** Where a value came from, in one word. */
export function originWords(from: string): string {
  return ORIGINS[from] ?? from.replaceAll('_', ' ');
}
