import type { GateDeps } from '../deps.ts';

/** The configured providers that can do one kind of work. What is configured stays so as long as the program runs. */
export function providersThat(
  can: 'embed' | 'draw' | 'speak' | 'transcribe' | 'moderate',
  providers: GateDeps['providers'],
): ReadonlySet<string> {
  return new Set([...providers.configured].filter((id) => providers.get(id)?.[can] !== undefined));
}
