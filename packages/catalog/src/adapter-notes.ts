import type { Catalog } from './catalog.ts';

const NAMES_MAX = 6;

/**
 * Providers that a catalog names and no adapter is there for, with what is never used therefore: worth knowing, and no loss, for nothing is sent
 * to them. `adapters`: the providers that this installation can speak to, configured or not.
 */
export function adapterNotes(catalog: Catalog, adapters: readonly string[]): string[] {
  return catalog.providers
    .filter((provider) => !adapters.includes(provider))
    .flatMap((provider) => {
      const concerned = [
        ...listed('model', modelsOf(catalog, provider)),
        ...listed('e-mail of plan', mailersOf(catalog, provider)),
        ...listed(
          'pool',
          catalog.pools.filter((pool) => pool.provider === provider).map(({ name }) => name),
        ),
      ];
      if (concerned.length === 0) return [];
      return [`${provider} has no adapter here and is never called; it is named by ${concerned.join(', ')}`];
    });
}

function modelsOf({ models, plans }: Catalog, provider: string): string[] {
  return models
    .filter((model) => model.provider === provider)
    .map(({ id, task }) => {
      const users = plans.filter(({ model_policy }) => model_policy.providers[task]?.includes(provider)).map(({ code }) => code);
      return users.length === 0 ? id : `${id} (${task} of ${users.join(', ')})`;
    });
}

function mailersOf({ plans }: Catalog, provider: string): string[] {
  return plans.filter(({ email }) => email?.provider === provider).map(({ code }) => code);
}

function listed(what: string, names: readonly string[]): string[] {
  if (names.length === 0) return [];
  const more = names.length > NAMES_MAX ? [`and ${names.length - NAMES_MAX} more`] : [];
  return [`${what}${names.length === 1 ? '' : 's'} ${[...names.slice(0, NAMES_MAX), ...more].join(', ')}`];
}
