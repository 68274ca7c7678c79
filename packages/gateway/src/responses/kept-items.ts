import { LruCache, type WorkspaceId } from '@purser/core';

import type { Json } from '../chat/reading.ts';
import type { OutputItem } from './write-responses.ts';

/** How long an item may be named by its id alone. */
const KEPT_MS = 3_600_000;
const ITEMS_MAX = 20_000;
const BYTES_MAX = 32 * 1024 * 1024;
/** A longer item is not kept: its caller sends it itself. */
const ITEM_BYTES_MAX = 256 * 1024;

interface KeptItem {
  readonly json: string;
  readonly until_ms: number;
}

/**
 * The items of answers of the last hour, which clients name by their ids in the next request. Of one server: another does not know them,
 * and refuses the id in words. Bounded by count and bytes; the longest unused goes first.
 */
export class KeptItems {
  readonly #items = new LruCache<string, KeptItem>(ITEMS_MAX);
  #bytes = 0;

  keep(workspace: WorkspaceId, items: readonly OutputItem[], now_ms: number): void {
    for (const item of items) {
      const json = JSON.stringify(item);
      if (json.length > ITEM_BYTES_MAX) continue;
      this.#forget(keyOf(workspace, item.id));
      if (this.#items.size === ITEMS_MAX) this.#forgetOldest();
      this.#items.set(keyOf(workspace, item.id), { json, until_ms: now_ms + KEPT_MS });
      this.#bytes += json.length;
    }
    while (this.#bytes > BYTES_MAX) this.#forgetOldest();
  }

  /** Undefined: of another workspace, of another server, too long ago, or never. */
  find(workspace: WorkspaceId, id: string, now_ms: number): Json | undefined {
    const found = this.#items.get(keyOf(workspace, id));
    return found === undefined || found.until_ms <= now_ms ? undefined : (JSON.parse(found.json) as Json);
  }

  #forgetOldest(): void {
    const oldest = this.#items.oldest();
    if (oldest !== undefined) this.#forget(oldest[0]);
  }

  #forget(key: string): void {
    const found = this.#items.get(key);
    if (found === undefined) return;
    this.#bytes -= found.json.length;
    this.#items.delete(key);
  }
}

function keyOf(workspace: WorkspaceId, id: string): string {
  return `${workspace} ${id}`;
}
