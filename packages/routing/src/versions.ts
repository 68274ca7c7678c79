import { unreachable } from '@purser/core';
import type { ModelEntry, Routing } from '@purser/catalog';

/**
 * Of the versions of one family at one provider, the one that the routing picks:
 * `latest` the highest, `allow_minor` the highest within the major version the family began with, `pinned` the one it began with.
 * A family begins with its first entry in the catalog, so adding a version at the end moves no plan that did not ask to be moved.
 */
export function chooseVersions(
  allowed: readonly ModelEntry[],
  routing: Routing,
  catalog: readonly ModelEntry[],
): readonly ModelEntry[] {
  const families = Map.groupBy(allowed, familyOf);
  const chosen = new Set<ModelEntry>();
  for (const [family, versions] of families) {
    const first = catalog.find((model) => familyOf(model) === family);
    const choice = first && choose(versions, first, routing);
    if (choice) chosen.add(choice);
  }
  return allowed.filter((model) => chosen.has(model));
}

function choose(versions: readonly ModelEntry[], first: ModelEntry, routing: Routing): ModelEntry | undefined {
  switch (routing) {
    case 'latest':
      return highest(versions);
    case 'allow_minor':
      return highest(versions.filter((model) => parts(model)[0] === parts(first)[0]));
    case 'pinned':
      return versions.find((model) => model === first);
    default:
      return unreachable(routing);
  }
}

function familyOf(model: ModelEntry): string {
  return `${model.provider} ${model.family}`;
}

function highest(versions: readonly ModelEntry[]): ModelEntry | undefined {
  return versions.toSorted((a, b) => compareVersions(parts(b), parts(a)))[0];
}

function parts(model: ModelEntry): readonly number[] {
  return model.version.split('.').map(Number);
}

function compareVersions(a: readonly number[], b: readonly number[]): number {
  for (const index of [0, 1, 2]) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
