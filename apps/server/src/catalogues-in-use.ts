import { assert, isRefusal, type Refusal } from '@purser/base';
import type { Catalogue } from '@purser/catalog';
import type { Caller } from '@purser/identity';

/** The versions that workspaces stand on, at hand without waiting. */
export interface CataloguesInUse {
  /** Asserts that the version was made ready. */
  readonly of: (version: string) => Catalogue;
  /** The caller itself, at once when its version is at hand, else when it is. */
  readonly ready: (caller: Caller | Refusal) => Caller | Refusal | Promise<Caller | Refusal>;
}

/** Keeps every version that was ever asked for: there are as many as a founder has published, which is few. */
export function cataloguesInUse(current: Catalogue, read: (version: string) => Promise<Catalogue | undefined>): CataloguesInUse {
  const known = new Map<string, Catalogue>([[current.version, current]]);

  async function load(version: string, caller: Caller): Promise<Caller> {
    const catalogue = await read(version);
    assert(catalogue, `a workspace stands on catalogue ${version}, which was never stored`);
    known.set(version, catalogue);
    return caller;
  }

  return {
    of(version) {
      const catalogue = known.get(version);
      assert(catalogue, `catalogue ${version} is not at hand`);
      return catalogue;
    },
    ready(caller) {
      if (isRefusal(caller) || caller.workspace === undefined || known.has(caller.workspace.catalogue_version)) return caller;
      return load(caller.workspace.catalogue_version, caller);
    },
  };
}
