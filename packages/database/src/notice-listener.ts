import { type Connection, openPool, type Pool } from './pool.ts';

const PULSE_MS = 250;
const RETRY_MS = 250;
/** A listener that has shown no sign of life for so long may have missed a notice. */
const PULSE_MS_MAX = 700;

/** However well one listens, nothing is believed for longer. */
const AGE_MS_MAX = 30_000;

/**
 * Listens on a channel of Postgres over a connection of its own. `alive_until_ms` (monotonic) is how long one may rely on having
 * been told: every pulse that Postgres answers moves it on, since notices come before the answer.
 */
export class NoticeListener {
  readonly #pool: Pool;
  readonly #channel: string;
  readonly #heard: (payload: string) => void;
  /** The connection was away: anything may have changed. */
  readonly #lost: () => void;
  #timer: NodeJS.Timeout | undefined;
  #connection: Connection | undefined;
  #pulse: Promise<void> = Promise.resolve();
  #closed = false;
  alive_until_ms = 0;

  constructor(database: Pool, channel: string, heard: (payload: string) => void, lost: () => void) {
    this.#pool = openPool(database.options.connectionString ?? '', { connections_max: 1, application: 'purser-listen' });
    this.#channel = channel;
    this.#heard = heard;
    this.#lost = lost;
  }

  async start(): Promise<void> {
    await this.#beat();
    this.#next();
  }

  /**
   * Whether what was read at `loaded_ms` (monotonic) may still be believed at `now_ms`: 30 s while notices arrive, else the 0.7 s
   * in which a change is seen even by who hears nothing.
   */
  isFresh(loaded_ms: number, now_ms: number): boolean {
    return now_ms - loaded_ms < (now_ms < this.alive_until_ms ? AGE_MS_MAX : PULSE_MS_MAX);
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
    connection.on('notification', ({ payload }) => this.#heard(payload ?? ''));
    connection.on('error', () => this.#disconnect());
    this.#connection = connection;
    await connection.query(`listen ${this.#channel}`);
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
