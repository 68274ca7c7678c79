import type { CallReport } from '@purser/gate';
import { type Money, NANOS_PER_UNIT } from '@purser/money';
import type { BreakerState } from '@purser/routing';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** What an answered call took. */
export interface SpentCall {
  readonly cost: Money;
  readonly credits: bigint;
  readonly offline: boolean;
}

export interface Metrics {
  readonly registry: Registry;
  answered(route: string, method: string, status: number, seconds: number): void;
  /** A call at the gate has ended: with its settle, or refused. */
  called(report: CallReport): void;
  spent(call: SpentCall): void;
  /** How many requests are being answered is asked at each scrape. */
  watchInFlight(requests: () => number): void;
  /** The route to each model that can be called is asked at each scrape. */
  watchRoutes(
    states: () => readonly { readonly provider: string; readonly model: string; readonly breaker: BreakerState }[],
  ): void;
  /** One batch of holds or settlements as it reached the database. */
  batch(kind: string, size: number, seconds: number): void;
  /** Something failed that no caller waited for. */
  backgroundFailed(work: string): void;
  /** Rows of a kind were deleted because they had their time. */
  forgotten(kind: string, rows: number): void;
  /** A job of a lane was begun after it had waited so long. */
  jobStarted(kind: string, lane: string, waited_s: number): void;
  /** An attempt of a job ended. */
  jobEnded(kind: string, outcome: string, seconds: number): void;
  /** What a carrier of e-mail told of a message. */
  carrierEvent(carrier: string, kind: string, outcome: string): void;
  /** How far the clock of this machine is ahead of the database's. */
  clockAhead(seconds: number): void;
}

const SECONDS_BUCKETS = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const BATCH_BUCKETS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512];

const BREAKER_STATES: Readonly<Record<BreakerState, number>> = { closed: 0, half_open: 1, open: 2 };

type Registers = [Registry];

/** Prometheus figures of this process. Routes are patterns, never paths, so the number of series is bounded. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers: Registers = [registry];
  return {
    registry,
    ...httpFigures(registers),
    ...gateFigures(registers),
    ...spentFigures(registers),
    ...routeFigures(registers),
    ...databaseFigures(registers),
    ...backgroundFigures(registers),
    ...jobFigures(registers),
    ...carrierFigures(registers),
  };
}

function httpFigures(registers: Registers): Pick<Metrics, 'answered' | 'watchInFlight'> {
  const http = new Histogram({
    name: 'purser_http_request_seconds',
    help: 'Time from the request to its last byte, by route pattern.',
    labelNames: ['method', 'route', 'status'] as const,
    buckets: SECONDS_BUCKETS,
    registers,
  });
  return {
    answered: (route, method, status, seconds) => http.observe({ method, route, status }, seconds),
    watchInFlight(requests) {
      const inFlight: Gauge = new Gauge({
        name: 'purser_http_requests_in_flight',
        help: 'Requests being answered now.',
        registers,
        collect: () => inFlight.set(requests()),
      });
    },
  };
}

function gateFigures(registers: Registers): Pick<Metrics, 'called'> {
  const calls = new Counter({
    name: 'purser_gate_calls_total',
    help: 'Calls at the gate by outcome: ok, or the code of the refusal.',
    labelNames: ['operation', 'plan', 'model', 'outcome'] as const,
    registers,
  });
  const callSeconds = new Histogram({
    name: 'purser_gate_call_seconds',
    help: 'Time at the gate, the provider included; a stream until its end.',
    labelNames: ['outcome'] as const,
    buckets: SECONDS_BUCKETS,
    registers,
  });
  const firstPartSeconds = new Histogram({
    name: 'purser_gate_first_part_seconds',
    help: 'Time at the gate until the first part of a stream.',
    buckets: SECONDS_BUCKETS,
    registers,
  });
  return {
    called({ operation, plan, model, outcome, duration_ms, first_part_ms }) {
      // An operation nobody has is the caller's invention: as a label it would make a series of its own.
      const named = model === null ? { operation: '', model: '' } : { operation, model };
      calls.inc({ ...named, plan, outcome });
      callSeconds.observe({ outcome }, duration_ms / 1000);
      if (first_part_ms !== undefined) firstPartSeconds.observe(first_part_ms / 1000);
    },
  };
}

function spentFigures(registers: Registers): Pick<Metrics, 'spent'> {
  const cost = new Counter({
    name: 'purser_cost_total',
    help: 'What calls cost, in units of the currency. For graphs; the ledger is exact.',
    labelNames: ['currency'] as const,
    registers,
  });
  const credits = new Counter({ name: 'purser_credits_charged_total', help: 'Credits charged for calls.', registers });
  const offline = new Counter({ name: 'purser_offline_answers_total', help: 'Answers of the offline provider.', registers });
  return {
    spent(call) {
      cost.inc({ currency: call.cost.currency }, Number(call.cost.nanos) / Number(NANOS_PER_UNIT));
      credits.inc(Number(call.credits));
      if (call.offline) offline.inc();
    },
  };
}

function routeFigures(registers: Registers): Pick<Metrics, 'watchRoutes'> {
  return {
    watchRoutes(states) {
      const breakers: Gauge<'provider' | 'model'> = new Gauge({
        name: 'purser_provider_breaker_state',
        help: 'Circuit breakers: 0 closed, 1 half-open (one call tries the model), 2 open (no call is sent).',
        labelNames: ['provider', 'model'] as const,
        registers,
        collect() {
          for (const { provider, model, breaker } of states()) breakers.set({ provider, model }, BREAKER_STATES[breaker]);
        },
      });
    },
  };
}

function databaseFigures(registers: Registers): Pick<Metrics, 'batch' | 'clockAhead'> {
  const batchSize = new Histogram({
    name: 'purser_meter_batch_size',
    help: 'Holds or settlements decided in one statement.',
    labelNames: ['kind'] as const,
    buckets: BATCH_BUCKETS,
    registers,
  });
  const batchSeconds = new Histogram({
    name: 'purser_meter_batch_seconds',
    help: 'Time of one batch in the database.',
    labelNames: ['kind'] as const,
    buckets: SECONDS_BUCKETS,
    registers,
  });
  const clock = new Gauge({
    name: 'purser_clock_ahead_seconds',
    help: 'How far the clock of this machine is ahead of the database clock, which all servers use.',
    registers,
  });
  return {
    batch(kind, size, seconds) {
      batchSize.observe({ kind }, size);
      batchSeconds.observe({ kind }, seconds);
    },
    clockAhead: (seconds) => clock.set(seconds),
  };
}

function jobFigures(registers: Registers): Pick<Metrics, 'jobStarted' | 'jobEnded'> {
  const waits = new Histogram({
    name: 'purser_job_wait_seconds',
    help: 'How long jobs waited for a worker after their time had come, by lane.',
    labelNames: ['lane'] as const,
    buckets: SECONDS_BUCKETS,
    registers,
  });
  const seconds = new Histogram({
    name: 'purser_job_attempt_seconds',
    help: 'Time of one attempt of a job, by kind and outcome.',
    labelNames: ['kind', 'outcome'] as const,
    buckets: SECONDS_BUCKETS,
    registers,
  });
  const failures = new Counter({
    name: 'purser_job_failures_total',
    help: 'Attempts of jobs that failed, by kind; each is in the log.',
    labelNames: ['kind'] as const,
    registers,
  });
  return {
    jobStarted: (_, lane, waited_s) => waits.observe({ lane }, waited_s),
    jobEnded(kind, outcome, took_s) {
      seconds.observe({ kind, outcome }, took_s);
      if (outcome === 'failed' || outcome === 'again') failures.inc({ kind });
    },
  };
}

function carrierFigures(registers: Registers): Pick<Metrics, 'carrierEvent'> {
  const events = new Counter({
    name: 'purser_carrier_events_total',
    help: 'What carriers of e-mail told of messages, by kind and outcome; unknown: of none that was sent from here.',
    labelNames: ['carrier', 'kind', 'outcome'] as const,
    registers,
  });
  return { carrierEvent: (carrier, kind, outcome) => events.inc({ carrier, kind, outcome }) };
}

function backgroundFigures(registers: Registers): Pick<Metrics, 'backgroundFailed' | 'forgotten'> {
  const background = new Counter({
    name: 'purser_background_failures_total',
    help: 'Failures of background work, by kind of work. Each is in the log.',
    labelNames: ['work'] as const,
    registers,
  });
  const forgotten = new Counter({
    name: 'purser_retention_rows_total',
    help: 'Rows deleted because their retention ended, by kind.',
    labelNames: ['kind'] as const,
    registers,
  });
  return {
    backgroundFailed: (work) => background.inc({ work }),
    forgotten: (kind, rows) => forgotten.inc({ kind }, rows),
  };
}
