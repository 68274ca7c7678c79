import { compare, findRate, formatMoney, type Money, smallestPayment } from '@purser/money';

import type { Catalog, Pack, Plan } from './catalog.ts';
import { payAsYouGoLoss } from './prove-pay-as-you-go.ts';
import { knownProviders, oneOf, type Report } from './report.ts';
import type { Path } from './mistakes.ts';
import type { TaskType } from './tables.ts';

/** What a plan names exists, and what it says of itself fits together. */
export function checkPlan(catalog: Catalog, plan: Plan, path: Path, report: Report): void {
  const here: Report = (at, given, wanted) => report([...path, ...at], given, wanted);
  checkNames(catalog, plan, here);
  checkProviders(catalog, plan, here);
  checkPins(catalog, plan, here);
  checkQuotas(catalog, plan, here);
  checkEmail(catalog, plan, here);
  checkCredits(catalog, plan, here);
  checkPayable(plan.price, ['price'], here);
  if (plan.price.nanos > 0n && plan.marketing_budget) here(['marketing_budget'], 'one on a paid plan', 'one on free plans only');
  if (compare(plan.overrun_reserve, plan.ceiling) > 0) {
    here(['overrun_reserve'], formatMoney(plan.overrun_reserve), `at most the ceiling, ${formatMoney(plan.ceiling)}`);
  }
  if (plan.rate.rps * 60 < plan.rate.rpm) {
    here(
      ['rate', 'rps'],
      `${plan.rate.rps} a second`,
      `enough for ${plan.rate.rpm} a minute: at least ${Math.ceil(plan.rate.rpm / 60)}`,
    );
  }
}

function checkNames(catalog: Catalog, plan: Plan, report: Report): void {
  const named = (key: string, names: readonly string[], known: readonly string[]): void => {
    for (const [index, name] of names.entries()) if (!known.includes(name)) report([key, index], `'${name}'`, oneOf(known));
  };
  named(
    'packs',
    plan.packs ?? [],
    catalog.packs.map((pack) => pack.code),
  );
  named(
    'operations',
    plan.operations ?? [],
    catalog.operations.map((operation) => operation.name),
  );
  for (const [index, feature] of plan.features.entries()) {
    if (plan.features.indexOf(feature) !== index) report(['features', index], `'${feature}' a second time`, 'each once');
  }
  const ladders = catalog.ladders.map((ladder) => ladder.name);
  if (plan.ladder !== undefined && !ladders.includes(plan.ladder)) report(['ladder'], `'${plan.ladder}'`, oneOf(ladders));
  if (plan.offline_stand_in !== undefined && catalog.prices.history(plan.offline_stand_in).length === 0) {
    report(['offline_stand_in'], `'${plan.offline_stand_in}'`, 'a key of the price book');
  }
}

function checkProviders(catalog: Catalog, plan: Plan, report: Report): void {
  for (const [task, providers] of tasksOf(plan)) {
    if (task === 'email') report(['model_policy', 'providers', task], providers.join(', '), 'nothing: its route is `email`');
    for (const [index, provider] of providers.entries()) {
      const at = ['model_policy', 'providers', task, index];
      if (!catalog.providers.includes(provider)) report(at, `'${provider}'`, knownProviders(catalog));
      else if (!catalog.models.some((model) => model.provider === provider && model.task === task)) {
        report(at, `'${provider}', which has no ${task} model`, 'a provider with a model for the task');
      }
      if (providers.indexOf(provider) !== index) report(at, `'${provider}' a second time`, 'each once');
    }
  }
  if (!plan.features.includes('ai')) return;
  if (!plan.model_policy.providers.text)
    report(['model_policy', 'providers'], 'no providers for text', 'some: the plan has the feature ai');
  if (plan.credits_monthly === 0n) report(['credits_monthly'], '0', 'at least 1: the plan has the feature ai');
}

function checkPins(catalog: Catalog, plan: Plan, report: Report): void {
  const { pinned, providers, defaultRouting } = plan.model_policy;
  for (const [task, pin] of Object.entries(pinned) as [TaskType, { model: string; version: string }][]) {
    const at = ['model_policy', 'pinned', task];
    const model = catalog.models.find((candidate) => candidate.id === pin.model);
    if (!model || model.task !== task) {
      const known = catalog.models.filter((candidate) => candidate.task === task).map((candidate) => candidate.id);
      report([...at, 'model'], `'${pin.model}'`, oneOf(known));
      continue;
    }
    if (model.version !== pin.version) report([...at, 'version'], pin.version, model.version);
    if (!providers[task]?.includes(model.provider)) {
      report([...at, 'model'], `'${pin.model}' of ${model.provider}`, `a model of the plan's ${task} providers`);
    }
  }
  if (defaultRouting !== 'pinned') return;
  for (const [task] of tasksOf(plan)) {
    if (!pinned[task]) report(['model_policy', 'pinned'], `no ${task} model`, `one: routing is pinned and ${task} has providers`);
  }
}

/** What rolls over was granted; what is paid as one goes pays for what it stands for, with the plan's margin. */
function checkCredits(catalog: Catalog, plan: Plan, report: Report): void {
  const { rollover, pay_as_you_go, credits_monthly } = plan;
  if (rollover && rollover.credits_max > credits_monthly)
    report(['rollover', 'credits_max'], String(rollover.credits_max), `at most credits_monthly, ${credits_monthly}`);
  if (!pay_as_you_go || !findRate(catalog.fx, catalog.credit.cost.currency, plan.price.currency)) return;
  const loss = payAsYouGoLoss(catalog, plan, pay_as_you_go.price);
  if (!loss) return;
  report(
    ['pay_as_you_go', 'price'],
    formatMoney(pay_as_you_go.price),
    `enough for the ${formatMoney(loss.stands_for)} a credit stands for, after margin and fees`,
  );
}

/** A price is paid in coins: whole yen, whole cents. */
function checkPayable(price: Money, path: Path, report: Report): void {
  const least = smallestPayment(price.currency);
  if (price.nanos % least.nanos !== 0n)
    report(path, formatMoney(price), `a price in whole ${formatMoney(least)}, the least that can be paid`);
}

/** Each price can be paid, and the further ones of an order cost ever less. */
export function checkPack(pack: Pack, path: Path, report: Report): void {
  checkPayable(pack.price, [...path, 'price'], report);
  let before = { from: 1, price: pack.price };
  for (const [index, tier] of pack.tiers.entries()) {
    const at = [...path, 'tiers', index];
    checkPayable(tier.price, [...at, 'price'], report);
    if (tier.from <= before.from) report([...at, 'from'], String(tier.from), `more than ${before.from}`);
    if (compare(tier.price, before.price) >= 0)
      report([...at, 'price'], formatMoney(tier.price), `less than ${formatMoney(before.price)}, the price before`);
    before = tier;
  }
}

function tasksOf(plan: Plan): [TaskType, readonly string[]][] {
  return Object.entries(plan.model_policy.providers) as [TaskType, readonly string[]][];
}

/** A shorter window's cap that exceeds the longer one's is a slip. */
function checkQuotas({ quotas: known }: Catalog, { quotas }: Plan, report: Report): void {
  for (const { key: inner, within = [] } of known) {
    for (const outer of within) {
      const [less, more] = [quotas[inner], quotas[outer]];
      if (less !== undefined && more !== undefined && less > more)
        report(['quotas', inner], String(less), `at most ${outer}, ${more}`);
    }
  }
  const { candidates_batch, candidate_batches_post, finals_post } = quotas;
  if (candidates_batch !== undefined && candidate_batches_post !== undefined && finals_post !== undefined) {
    const candidates = candidates_batch * candidate_batches_post;
    if (finals_post > candidates)
      report(['quotas', 'finals_post'], String(finals_post), `at most the ${candidates} candidates of a post`);
  }
}

function checkEmail(catalog: Catalog, plan: Plan, report: Report): void {
  const { email } = plan;
  if (!email) {
    if (plan.features.includes('campaigns')) report(['email'], 'nothing', 'a route: the plan has the feature campaigns');
    return;
  }
  if (!catalog.providers.includes(email.provider)) report(['email', 'provider'], `'${email.provider}'`, knownProviders(catalog));
  // When it comes into force is for the proof, which knows what time it is.
  if (!catalog.prices.history(email.priceKey).some((price) => price.units.email !== undefined))
    report(['email', 'price'], `'${email.priceKey}'`, 'a key of the price book with a price for email');
  if (email.pool === undefined) return;
  const pool = catalog.pools.find((candidate) => candidate.name === email.pool);
  if (!pool) report(['email', 'pool'], `'${email.pool}'`, oneOf(catalog.pools.map((candidate) => candidate.name)));
  else if (pool.unit !== 'email' || pool.provider !== email.provider) {
    report(['email', 'pool'], `'${pool.name}' of ${pool.unit}s at ${pool.provider}`, `a pool of e-mails at ${email.provider}`);
  }
}
