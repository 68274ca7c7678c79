import type { Catalog, View } from '@purser/catalog';
import { type Caller, hasRole } from '@purser/identity';

/** Which view the catalog gives to people, and which to the keys of workspaces. */
export type Views = Pick<Catalog, 'customer_view' | 'keys_view'>;

/**
 * What a caller sees of the cost of its work. Operators, and the founder's own backend by its platform key, see everything; people see what
 * the catalog says of customers, and so does everybody whom nobody knows.
 */
export function viewOf(caller: Caller | null, { customer_view, keys_view }: Views): View {
  if (caller === null) return customer_view;
  if (hasRole(caller, 'admin') || caller.kind === 'platform_key') return 'cost';
  return caller.kind === 'workspace_key' ? keys_view : customer_view;
}
