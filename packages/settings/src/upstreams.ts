import { z } from 'zod';

import { address, oneOf, secret, type WeightedKey, weightedKeys, wrong } from './kinds.ts';
import { defineSettings } from './table.ts';

export interface ProviderSettings {
  readonly api_key: string | undefined;
  /** Several in its place, each with its share of the calls. */
  readonly api_keys?: readonly WeightedKey[] | undefined;
  readonly base_url: string | undefined;
  /** The name of the output limit that the server at this address keeps; `probe`: to be found out; undefined: the provider's usual one. */
  readonly output_limit?: 'max_tokens' | 'max_completion_tokens' | 'probe' | undefined;
}

/** The providers that are known by name. One without a key or an address is off. */
export const PROVIDER_NAMES = ['gemini', 'gemini_free', 'openai', 'anthropic', 'ollama', 'openai_compatible'] as const;
export type ProviderName = (typeof PROVIDER_NAMES)[number];

const UPSTREAMS_MAX = 50;
const UPSTREAM = /^[a-z][a-z0-9_]{0,38}[a-z0-9]$/;
/** A catalog's providers that are none of ours to add. */
const TAKEN: ReadonlySet<string> = new Set([...PROVIDER_NAMES, 'offline', 'purser', 'smtp', 'ses', 'stripe']);

/** `PURSER_UPSTREAMS`: names of more servers that speak OpenAI's protocol, each a provider of the catalog by that name. */
export function upstreamNames() {
  const want = `up to ${UPSTREAMS_MAX} different names separated by commas, of lower-case letters, digits and _, such as groq,my_vllm`;
  return z.string().transform((given, context): readonly string[] => {
    const names = given.split(',').map((name) => name.trim());
    const good = names.every((name) => UPSTREAM.test(name) && !TAKEN.has(name));
    if (good && names.length <= UPSTREAMS_MAX && new Set(names).size === names.length) return names;
    context.addIssue({ code: 'custom', message: wrong(given, want) });
    return z.NEVER;
  });
}

const http = address('an address like https://host/path', ['http:', 'https:']);

/** Which of them have a name of their own for the output limit. */
const LIMITS: ReadonlySet<string> = new Set(['gemini', 'gemini_free', 'anthropic']);

function tableOf(name: string) {
  const before = name.toUpperCase();
  const limit = oneOf(['max_tokens', 'max_completion_tokens', 'probe']).optional();
  return {
    before,
    table: defineSettings({
      [`${before}_API_KEY`]: secret().optional(),
      [`${before}_API_KEYS`]: weightedKeys().optional(),
      [`${before}_BASE_URL`]: http.optional(),
      ...(LIMITS.has(name) ? {} : { [`${before}_OUTPUT_LIMIT`]: limit }),
    }),
  };
}

/** The settings of the providers that are known by name, in the environment. */
export const PROVIDER_SETTINGS: readonly string[] = PROVIDER_NAMES.flatMap((name) => tableOf(name).table.names);

type Environment = Readonly<Record<string, string | undefined>>;

/** Reads one provider; what is wrong is added to `mistakes`. */
export function providerSettings(name: string, given: Environment, mistakes: string[]): ProviderSettings {
  const { before, table } = tableOf(name);
  const parsed = table.parse(given);
  if ('mistakes' in parsed) {
    mistakes.push(...parsed.mistakes);
    return { api_key: undefined, base_url: undefined };
  }
  const values = parsed.values as Readonly<Record<string, unknown>>;
  const api_key = values[`${before}_API_KEY`] as string | undefined;
  const api_keys = values[`${before}_API_KEYS`] as readonly WeightedKey[] | undefined;
  if (api_key !== undefined && api_keys !== undefined)
    mistakes.push(`${before}_API_KEYS: got it beside ${before}_API_KEY, want one of the two`);
  const base_url = values[`${before}_BASE_URL`] as string | undefined;
  const output_limit = values[`${before}_OUTPUT_LIMIT`] as ProviderSettings['output_limit'];
  return {
    api_key,
    base_url,
    ...(api_keys !== undefined && { api_keys }),
    ...(!LIMITS.has(name) && { output_limit }),
  };
}

/** The servers of `PURSER_UPSTREAMS`. One without an address is a mistake: its name says that it is wanted. */
export function upstreamSettings(
  names: readonly string[],
  given: Environment,
  mistakes: string[],
): Record<string, ProviderSettings> {
  return Object.fromEntries(
    names.map((name) => {
      const settings = providerSettings(name, given, mistakes);
      const address_name = `${name.toUpperCase()}_BASE_URL`;
      if (given[address_name] === undefined)
        mistakes.push(`${address_name}: got nothing, want the address of ${name}, of PURSER_UPSTREAMS`);
      return [name, settings];
    }),
  );
}
