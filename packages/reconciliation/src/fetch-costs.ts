import { Fault } from '@purser/core';
import { z } from 'zod';

import { type Charge, modelOf, toNanos } from './charge.ts';

/** How a provider is asked: an admin key, which is another one than that of calls. */
export interface CostSource {
  readonly admin_key: string;
  /** Only scheme, host and port count; undefined: at home. */
  readonly base_url?: string | undefined;
}

interface Span {
  readonly from: Temporal.Instant;
  readonly to: Temporal.Instant;
}

const TIMEOUT_MS = 30_000;
const PAGES_MAX = 1_000;
const DAYS_A_PAGE = '31';

const page = <Bucket extends z.ZodType>(bucket: Bucket) =>
  z.object({ data: z.array(bucket), has_more: z.boolean(), next_page: z.string().nullish() });

const OpenAi = page(
  z.object({
    start_time: z.int(),
    results: z.array(
      z.object({
        amount: z.object({ value: z.union([z.number(), z.string()]), currency: z.string() }).nullish(),
        line_item: z.string().nullish(),
      }),
    ),
  }),
);

/** OpenAI’s costs, a day and line item each (`GET /v1/organization/costs`). @throws Fault when it does not answer as documented. */
export async function* openAiCosts(source: CostSource, { from, to }: Span): AsyncGenerator<Charge> {
  const address = new URL('/v1/organization/costs', source.base_url ?? 'https://api.openai.com');
  address.searchParams.set('start_time', String(Math.floor(from.epochMilliseconds / 1000)));
  address.searchParams.set('end_time', String(Math.floor(to.epochMilliseconds / 1000)));
  address.searchParams.set('bucket_width', '1d');
  address.searchParams.set('limit', DAYS_A_PAGE);
  address.searchParams.set('group_by', 'line_item');
  for await (const { start_time, results } of pagesOf(
    'OpenAI',
    address,
    { authorization: `Bearer ${source.admin_key}` },
    OpenAi,
  )) {
    const at = Temporal.Instant.fromEpochMilliseconds(start_time * 1000);
    for (const { amount, line_item } of results) {
      if (!amount) continue;
      const cost = toNanos(String(amount.value));
      if (cost === undefined) throw unexpected('OpenAI', 'an amount that is no number');
      yield { at, model: modelOf(line_item), request_id: null, cost, unit: amount.currency.toUpperCase() };
    }
  }
}

const Anthropic = page(
  z.object({
    starting_at: z.string(),
    results: z.array(
      z.object({ amount: z.string(), currency: z.string(), model: z.string().nullish(), description: z.string().nullish() }),
    ),
  }),
);
/** It states amounts in the lowest unit of the currency: `"123.45"` is 1.2345 USD. */
const CENTS = 7;

/** Anthropic’s costs, a day and description each (`GET /v1/organizations/cost_report`). @throws as `openAiCosts`. */
export async function* anthropicCosts(source: CostSource, { from, to }: Span): AsyncGenerator<Charge> {
  const address = new URL('/v1/organizations/cost_report', source.base_url ?? 'https://api.anthropic.com');
  address.searchParams.set('starting_at', from.toString());
  address.searchParams.set('ending_at', to.toString());
  address.searchParams.set('limit', DAYS_A_PAGE);
  address.searchParams.append('group_by[]', 'description');
  const headers = { 'x-api-key': source.admin_key, 'anthropic-version': '2023-06-01' };
  for await (const { starting_at, results } of pagesOf('Anthropic', address, headers, Anthropic)) {
    const at = Temporal.Instant.from(starting_at);
    for (const { amount, currency, model, description } of results) {
      const cost = toNanos(amount, CENTS);
      if (cost === undefined) throw unexpected('Anthropic', 'an amount that is no number');
      yield { at, model: model ?? modelOf(description), request_id: null, cost, unit: currency.toUpperCase() };
    }
  }
}

async function* pagesOf<Bucket>(
  who: string,
  address: URL,
  headers: Record<string, string>,
  schema: z.ZodType<{ data: Bucket[]; has_more: boolean; next_page?: string | null | undefined }>,
): AsyncGenerator<Bucket> {
  for (let pages = 0; pages < PAGES_MAX; pages++) {
    const answer = await fetch(address, { headers, signal: AbortSignal.timeout(TIMEOUT_MS), redirect: 'error' }).catch(
      (error: unknown) => {
        throw new Fault(`${who} does not answer`, { retryable: true, cause: error });
      },
    );
    // What it says of a refusal may name keys; the status says enough.
    if (!answer.ok) {
      await answer.body?.cancel();
      throw new Fault(`${who} refused to list its costs (${answer.status}); the key must be an admin key of the organization`, {
        retryable: answer.status >= 500 || answer.status === 429,
      });
    }
    const parsed = schema.safeParse(await answer.json().catch(() => undefined));
    if (!parsed.success) throw unexpected(who, 'another shape');
    yield* parsed.data.data;
    if (!parsed.data.has_more || !parsed.data.next_page) return;
    address.searchParams.set('page', parsed.data.next_page);
  }
  throw unexpected(who, `more than ${PAGES_MAX} pages`);
}

function unexpected(who: string, what: string): Fault {
  return new Fault(`${who} answered with ${what}, not with the costs that were asked for`, { retryable: false });
}
