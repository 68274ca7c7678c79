import { formatCount, formatMoney, type Money } from '../../../words/amount.ts';
import { featureWords } from '../../../words/feature.ts';
import { t } from '../../../words/translate.ts';

const NAMES: Record<string, string> = {
  license_stage: t('Subscription'),
  ceiling: t('Cost ceiling'),
  cost_cap: t('Admitted of the cost ceiling'),
  credits_monthly: t('Credits a month'),
  concurrency: t('Concurrent calls'),
  defaultRouting: t('New model versions'),
  priority: t('Priority'),
  model_class_max: t('Highest model class'),
  image_quality_max: t('Best image quality'),
  frozen: t('Models frozen'),
  'quotas.tokens_month': t('Tokens a month'),
  'quotas.jobs_month': t('Calls a month'),
  'quotas.images_month': t('Images a month'),
  'quotas.audio_seconds_month': t('Seconds of sound a month'),
  'quotas.video_minutes_month': t('Minutes of video a month'),
  'quotas.emails_user_day': t('Emails a user and day'),
  'quotas.emails_day': t('Emails a day'),
  'quotas.emails_month': t('Emails a month'),
  'quotas.businesses': t('Businesses'),
  'quotas.platforms': t('Platforms'),
  'quotas.posts_platform_week': t('Posts a platform and week'),
  'quotas.candidates_batch': t('Candidates in a batch'),
  'quotas.candidate_batches_post': t('Batches for a post'),
  'quotas.finals_post': t('Final images of a post'),
  'quotas.finalizations_post': t('Final runs of a post'),
  'quotas.teams': t('Teams'),
  'rate.rps': t('Requests a second'),
  'rate.rpm': t('Requests a minute'),
  'rate.burst': t('Requests in a burst'),
  'request.output_tokens_max': t('Longest answer, in tokens'),
  'request.credits_max': t('Credits one call may take'),
  'request.input_chars_max': t('Longest task, in characters'),
  'visibility.showBetaModels': t('Beta models'),
  'visibility.allowUnverified': t('Unverified models'),
  'abuse.credits_hour_max': t('Fraud threshold, credits an hour'),
};

const GROUPS: readonly string[] = [t('Money and credits'), t('Quotas'), t('Rates and sizes'), t('Models'), t('Features')];
const MONEY = new Set(['license_stage', 'ceiling', 'cost_cap', 'credits_monthly']);

const VALUES: Record<string, string> = {
  allow_minor: t('minor versions only'),
  latest: t('at once'),
  pinned: t('never: pinned'),
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
      return t('Providers of {key}', { key });
    case 'pinned':
      return t('Pinned for {key}', { key });
    default:
      return startsUpper(name.replaceAll(/[_.]+/g, ' '));
  }
}

export function policyGroup(name: string): string {
  if (MONEY.has(name)) return t('Money and credits');
  if (name.startsWith('quotas.')) return t('Quotas');
  if (name === 'concurrency' || /^(?:rate|request|abuse)\./.test(name)) return t('Rates and sizes');
  return name.startsWith('features.') ? t('Features') : t('Models');
}

export function policyGroups(): readonly string[] {
  return GROUPS;
}

function isMoney(value: object): value is Money {
  return 'amount' in value && 'currency' in value;
}

/** A value in words: "on", "no limit", "€13.59", "gemini, then openai". */
export function policyValue(name: string, value: unknown): string {
  if (value === null || value === undefined) return name.endsWith('_max') && !name.includes('.') ? 'any' : t('no limit');
  if (typeof value === 'boolean') return value ? (name === 'frozen' ? 'yes' : 'on') : name === 'frozen' ? 'no' : 'off';
  if (typeof value === 'number') return formatCount(value);
  if (typeof value === 'string') return /^\d+$/.test(value) ? formatCount(value) : (VALUES[value] ?? value.replaceAll('_', ' '));
  if (Array.isArray(value)) return value.join(', then ');
  if (isMoney(value)) return formatMoney(value);
  return Object.values(value).join(' ');
}

const ORIGINS: Record<string, string> = {
  plan: t('Plan'),
  override: t('Agreed'),
  license: t('Subscription'),
  cost_cap: t('Cost cap'),
  raise: t('Purchased'),
  level: t('Throttled'),
  freeze: t('Frozen'),
};

/** Where a value came from, in one word. */
export function originWords(from: string): string {
  return ORIGINS[from] ?? from.replaceAll('_', ' ');
}
