import { createHmac, hkdfSync, randomBytes } from 'node:crypto';

import type { Pool } from '@purser/database';

/** A secret that all servers on one database share: made once, by whichever starts first. */
export async function sharedSecret(pool: Pool): Promise<Buffer> {
  await pool.query('insert into identity.shared_secret (value) values ($1) on conflict do nothing', [randomBytes(32)]);
  const { rows } = await pool.query<{ value: Buffer }>('select value from identity.shared_secret');
  return rows[0]?.value ?? Buffer.alloc(0);
}

/** A key of its own for each use, so that what one use gives away tells nothing of another. */
export function derivedKey(secret: Buffer, use: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', `purser ${use}`, 32));
}

/** What stands for a name in a store: nobody can tell the name from it, nor try names out without the key. */
export function keyedHash(key: Buffer, name: string): Buffer {
  return createHmac('sha256', key).update(name).digest();
}
