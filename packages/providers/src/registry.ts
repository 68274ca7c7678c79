import type { FailedCallBilling } from './failure.ts';
import { OFFLINE_PROVIDER_ID, offlineProvider } from './offline/offline-provider.ts';
import { KeyRing, type WeightedKey } from './key-ring.ts';
import { OUTPUT_LIMIT_NAMES, type OutputLimitName } from './output-limit.ts';
import type { Provider } from './provider.ts';
import { FAMILIES, type Family, type FamilyId } from './sdk/families.ts';
import { type ClosableProvider, sdkProvider } from './sdk/sdk-provider.ts';
import { openUpstream, type Upstream } from './upstream/pass-through.ts';
import { TRANSPORT_LIMITS, type TransportLimits } from './upstream/transport.ts';

/** A key and an address, as the settings give them. Either alone configures a provider that can do with it. */
export interface ProviderAccess {
  readonly api_key?: string | undefined;
  /** Several in its place, each with its share of the calls. */
  readonly api_keys?: readonly WeightedKey[] | undefined;
  readonly base_url?: string | undefined;
  /**
   * The name of the output limit that the server at this address keeps; `probe`: to be found out and proven; absent: the one that is
   * usual for the provider, proven first where any server may stand at the address.
   */
  readonly output_limit?: OutputLimitName | 'probe' | undefined;
}

export interface ProvidersConfig {
  /** By the ids of the families; any other id is a server of its own that speaks OpenAI's protocol. */
  readonly providers: Readonly<Record<string, ProviderAccess | undefined>>;
  readonly limits?: Partial<TransportLimits>;
  /** How long a call may take: no connection gives up sooner. */
  readonly call_timeout_ms?: number;
  /** What each provider bills for calls that fail, by the catalog. One that is not named: unknown. */
  readonly failed_calls?: readonly { readonly provider: string; readonly billed: FailedCallBilling }[];
}

/** Says what is configured, without keys. */
export interface ProvidersLog {
  info(fields: Readonly<Record<string, unknown>>, message: string): void;
}

/** Whether a provider keeps the output limit that is sent, and under which names its servers may know it. */
export interface LimitProof {
  /** Nothing needs to be proven as long as it keeps its limits. */
  readonly documented: boolean;
  /** The usual one first; none where the protocol has but one. */
  readonly names: readonly OutputLimitName[];
}

export interface Providers {
  /** The provider of that id, or undefined when it is not configured. */
  get(id: string): Provider | undefined;
  /** The same provider for bytes to pass through; undefined when its protocol is not OpenAI's. */
  upstream(id: string): Upstream | undefined;
  /** What is known of how it keeps output limits; undefined for one that is not configured. */
  proof?(id: string): LimitProof | undefined;
  /** Every id that `get` knows, `offline` last. */
  ids(): readonly string[];
  /** The configured ids without `offline`: empty means that only the offline provider can answer. */
  readonly configured: readonly string[];
  /** Waits for calls in flight and closes all connections. */
  close(): Promise<void>;
}

/** Every provider that there is an adapter for, configured or not. */
export const PROVIDER_IDS: readonly string[] = [...Object.keys(FAMILIES), OFFLINE_PROVIDER_ID];

/** Providers exist only when configured; the offline one always does. */
export function createProviders(config: ProvidersConfig, log?: ProvidersLog): Providers {
  const providers = new Map<string, ClosableProvider>();
  const upstreams = new Map<string, Upstream>();
  const proofs = new Map<string, LimitProof>();
  const limits = limitsOf(config);
  for (const [id, access] of Object.entries(config.providers)) {
    const family: Family = Object.hasOwn(FAMILIES, id) ? FAMILIES[id as FamilyId] : FAMILIES.openai_compatible;
    const base_url = access && baseUrlOf(family, access);
    // The offline provider always is, and has no address.
    if (base_url === undefined || id === OFFLINE_PROVIDER_ID) continue;
    const keys = access?.api_keys ?? [{ key: access?.api_key ?? '', weight: 1 }];
    const api_key = keys[0]?.key ?? '';
    const told = family.output_limit === null || access?.output_limit === 'probe' ? undefined : access?.output_limit;
    const output_limit = told ?? family.output_limit;
    const documented = told !== undefined || (family.documented && access?.output_limit !== 'probe');
    proofs.set(id, { documented, names: namesFrom(output_limit) });
    const billing = config.failed_calls?.find(({ provider }) => provider === id)?.billed ?? {};
    const known = { billing, limits, keys: new KeyRing(keys) };
    providers.set(id, sdkProvider({ id, family, api_key, base_url, output_limit, ...known }));
    if (output_limit)
      upstreams.set(
        id,
        openUpstream({
          provider: id,
          base_url,
          output_limit,
          api_key: api_key === '' ? null : api_key,
          last_word: family.last_word,
          ...known,
        }),
      );
    log?.info(
      {
        provider: id,
        origin: new URL(base_url).origin,
        keys: api_key === '' ? 0 : keys.length,
        ...(output_limit && { output_limit }),
        documented,
      },
      'provider configured',
    );
  }
  const configured = [...providers.keys()];
  return {
    get: (id) => (id === OFFLINE_PROVIDER_ID ? offlineProvider : providers.get(id)),
    upstream: (id) => upstreams.get(id),
    proof: (id) => proofs.get(id),
    ids: () => [...configured, OFFLINE_PROVIDER_ID],
    configured,
    async close() {
      await Promise.all([...providers.values(), ...upstreams.values()].map((open) => open.close()));
    },
  };
}

function limitsOf({ limits, call_timeout_ms = 0 }: ProvidersConfig): TransportLimits {
  const wanted = { ...TRANSPORT_LIMITS, ...limits };
  const { headers_timeout_ms, body_timeout_ms } = wanted;
  return {
    ...wanted,
    headers_timeout_ms: Math.max(headers_timeout_ms, call_timeout_ms),
    body_timeout_ms: Math.max(body_timeout_ms, call_timeout_ms),
  };
}

function namesFrom(first: OutputLimitName | null): readonly OutputLimitName[] {
  return first === null ? [] : [first, ...OUTPUT_LIMIT_NAMES.filter((name) => name !== first)];
}

/** Undefined when the provider is not configured: an address counts, and so does a key where the address is known. */
function baseUrlOf(family: Family, access: ProviderAccess): string | undefined {
  if (access.base_url === undefined)
    return access.api_key === undefined && access.api_keys === undefined ? undefined : (family.base_url ?? undefined);
  const url = new URL(access.base_url);
  // Ollama's own variable, for one, names only host and port.
  if (url.pathname === '/') url.pathname = family.version_path;
  return url.toString().replace(/\/+$/u, '');
}
