import { dearer } from './litellm-fields.ts';
import { mergeImages, type ImportedImage } from './litellm-images.ts';

/** One imported price in the form of a price file: amounts are plain decimal text for one piece. */
export interface ImportedPrice {
  readonly key: string;
  readonly each: Readonly<Record<string, string>>;
  readonly tiers?: readonly ImportedTier[];
  readonly service_tiers?: readonly ImportedServiceTier[];
  readonly images?: readonly ImportedImage[];
}

interface ImportedTier {
  readonly above_input_tokens: string;
  readonly each: Readonly<Record<string, string>>;
}

interface ImportedServiceTier {
  readonly name: string;
  readonly each: Readonly<Record<string, string>>;
  readonly tiers?: readonly ImportedTier[];
}

/** A price as far as one entry of the table tells it. */
export interface Draft {
  readonly key: string;
  readonly each: Record<string, string>;
  readonly tiers: Map<string, Record<string, string>>;
  readonly service_tiers: Map<string, DraftTier>;
  readonly images: ImportedImage[];
  readonly ofImages: boolean;
}

export interface DraftTier {
  readonly each: Record<string, string>;
  readonly tiers: Map<string, Record<string, string>>;
}

/** Two entries for one key (image sizes, or one model under two names): each unit at the dearer price. */
export function mergeDrafts(a: Draft, b: Draft): Draft {
  const each = mergeUnits(a.each, b.each);
  const tiers = new Map(a.tiers);
  for (const [above, units] of b.tiers) tiers.set(above, mergeUnits(tiers.get(above) ?? {}, units));
  const service_tiers = new Map(a.service_tiers);
  for (const [name, tier] of b.service_tiers) service_tiers.set(name, mergeTiers(service_tiers.get(name), tier));
  return { ...a, each, tiers, service_tiers, images: [...a.images, ...b.images] };
}

function mergeTiers(a: DraftTier | undefined, b: DraftTier): DraftTier {
  if (a === undefined) return b;
  const tiers = new Map(a.tiers);
  for (const [above, units] of b.tiers) tiers.set(above, mergeUnits(tiers.get(above) ?? {}, units));
  return { each: mergeUnits(a.each, b.each), tiers };
}

function mergeUnits(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): Record<string, string> {
  const merged = { ...a };
  for (const [unit, amount] of Object.entries(b)) merged[unit] = dearer(merged[unit], amount) ?? amount;
  return merged;
}

export function finish({ key, each, tiers, service_tiers, images }: Draft): ImportedPrice {
  const service = [...service_tiers].map(([name, tier]) => ({ name, each: tier.each, ...ascending(tier) }));
  return {
    key,
    each,
    ...ascending({ tiers }),
    ...(service.length > 0 && { service_tiers: service }),
    ...(images.length > 0 && { images: mergeImages(images, dearer) }),
  };
}

function ascending({ tiers }: Pick<Draft, 'tiers'>): { readonly tiers?: readonly ImportedTier[] } {
  const sorted = [...tiers].filter(([, units]) => Object.keys(units).length > 0).toSorted(([a], [b]) => Number(a) - Number(b));
  return sorted.length > 0 ? { tiers: sorted.map(([above_input_tokens, units]) => ({ above_input_tokens, each: units })) } : {};
}

export function emptyDraft(key: string, ofImages: boolean): Draft {
  return { key, each: {}, tiers: new Map(), service_tiers: new Map(), images: [], ofImages };
}

export function set(units: Record<string, string>, unit: string, amount: string | undefined): void {
  if (amount !== undefined) units[unit] = amount;
}
