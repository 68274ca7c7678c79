declare const brand: unique symbol;

/** A UUID that names one kind of thing; the brand keeps a hold's id from being passed as a workspace's. */
export type Id<Kind extends string> = string & { readonly [brand]: Kind };

export type WorkspaceId = Id<'workspace'>;
export type HoldId = Id<'hold'>;

/** The owner of everything that belongs to no tenant: the global budget, shared pools. */
export const PLATFORM = '00000000-0000-0000-0000-000000000000' as WorkspaceId;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export function isUuid(text: string): boolean {
  return UUID.test(text);
}
