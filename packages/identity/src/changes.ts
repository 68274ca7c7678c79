import { type Connection, openPool, type Pool } from '@purser/base';

/** What a change notice names. */
export type Change = { readonly of: 'workspace'; readonly id: string } | { readonly of: 'key'; readonly sha256_hex: string };

const CHANNEL = 'purser_identity';
const PULSE_MS = 250;
const RETRY_MS = 250;
/** A listener that has shown no sign of life for so long may have missed a notice. */
const PULSE_MS_MAX = 700;

/**
 * Listens for changes on a connection of its own. `alive_until_ms` (monotonic) is how long one may rely on having been told:
 * every pulse that Postgres answers moves it on, since notices come before the answer.
 */
export class ChangeListener {
  readonly #pool: Pool;
  readonly #heard: (change: Change) => void;
  /** The connection was away: anything may have changed. */
  readonly #lost: () => void;
  #timer: NodeJS.Timeout | undefined;
  #connection: Connection | undefined;
  #pulse: Promise<void> = Promise.resolve();
  #closed = false;
  alive_until_ms = 0;

  constructor(database: Pool, heard: (change: Change) => void, lost: () => void) {
    this.#pool = openPool(database.options.connectionString ?? '', { connections_max: 1, application: 'purser-listen' });
    this.#heard = heard;
    this.#lost = lost;
  }

  async start(): Promise<void> {
    await this.#beat();
    this.#next();
  }

  #next(): void {
    if (this.#closed) return;
    this.#timer = setTimeout(
      () => {
        this.#pulse = this.#beat().then(() => this.#next());
      },
      this.#connection ? PULSE_MS : RETRY_MS,
    );
    this.#timer.unref();
  }

  async #beat(): Promise<void> {
    const asked_ms = performance.now();
    try {
      const connection = this.#connection ?? (await this.#connect());
      await connection.query('select 1');
      this.alive_until_ms = asked_ms + PULSE_MS_MAX;
    } catch {
      // Whoever needs the database meets the fault itself; here it only means that nothing may be relied on.
      this.#disconnect();
    }
  }

  async #connect(): Promise<Connection> {
    const connection = await this.#pool.connect();
    connection.on('notification', ({ payload }) => {
      const change = parseChange(payload ?? '');
      if (change) this.#heard(change);
    });
    connection.on('error', () => this.#disconnect());
    this.#connection = connection;
    await connection.query(`listen ${CHANNEL}`);
    this.#lost();
    return connection;
  }

  #disconnect(): void {
    this.alive_until_ms = 0;
    this.#connection?.release(true);
    this.#connection = undefined;
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#pulse;
    this.#disconnect();
    await this.#pool.end();
  }
}

function parseChange(payload: string): Change | undefined {
  const [of, id] = payload.split(' ');
  if (of === 'workspace' && id) return { of, id };
  if (of === 'key' && id) return { of, sha256_hex: id };
  return undefined;
}
