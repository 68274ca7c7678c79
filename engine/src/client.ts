import type { Amount, Offer, Problem } from './types.ts';

/* The HTTP endpoints of a Purser server, typed. It runs wherever there is a `fetch`. */

export interface ClientOptions {
  /** `https://purser.example`, without a path of its own. */
  readonly base_url: string;
  /** A workspace's key, or a platform key. */
  readonly key: string;
  /** With a platform key: the workspace that is acted for, by id or `external_id`. */
  readonly workspace?: string;
  readonly user?: string;
  readonly fetch?: typeof globalThis.fetch;
}

export interface CallOptions {
  readonly user?: string;
  readonly workspace?: string;
  readonly idempotency_key?: string;
  readonly signal?: AbortSignal;
}

export interface GenerateBody {
  readonly operation: string;
  readonly prompt?: string;
  readonly messages?: readonly { readonly role: 'system' | 'user' | 'assistant'; readonly content: string }[];
  readonly complexity?: 'simple' | 'medium' | 'complex';
  readonly max_output_tokens?: number;
  readonly max_cost?: Amount;
  readonly model?: string;
}

export interface GeneratedBody {
  readonly id: string;
  readonly transaction_id: string;
  readonly output: string;
  readonly model: unknown;
  readonly usage: { readonly input_tokens: number; readonly output_tokens: number };
  readonly cost?: Amount;
  readonly credits: { readonly charged: number | string; readonly balance: number | string };
  readonly degraded?: readonly { readonly what: string; readonly why: string }[];
  readonly offline?: boolean;
}

/** A refusal, or a server that broke, as it answered. */
export class PurserHttpError extends Error {
  override readonly name = 'PurserHttpError';
  readonly status: number;
  readonly code: string;
  readonly retry_after_seconds: number | undefined;
  readonly offers: readonly Offer[];
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail ?? problem.title);
    this.problem = problem;
    this.status = problem.status;
    this.code = problem.code;
    this.retry_after_seconds = problem.retry_after;
    this.offers = problem.offers ?? [];
  }
}

export interface PurserClient {
  /** `POST /api/ai/generate`. @throws PurserHttpError */
  generate(body: GenerateBody, options?: CallOptions): Promise<GeneratedBody>;
  /** `GET /api/usage` */
  usage(options?: CallOptions): Promise<Readonly<Record<string, unknown>>>;
  /** Any other endpoint: the JSON that it answers with. */
  request<Answer>(method: string, path: string, body?: unknown, options?: CallOptions): Promise<Answer>;
}

export function createClient({ base_url, key, fetch: given, ...spender }: ClientOptions): PurserClient {
  const send = given ?? globalThis.fetch;
  const request = async <Answer>(method: string, path: string, body?: unknown, options: CallOptions = {}): Promise<Answer> => {
    const { workspace = spender.workspace, user = spender.user, idempotency_key, signal } = options;
    const response = await send(new URL(path, base_url), {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(workspace !== undefined && { 'purser-workspace': workspace }),
        ...(user !== undefined && { 'purser-user': user }),
        ...(idempotency_key !== undefined && { 'idempotency-key': idempotency_key }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(signal !== undefined && { signal }),
    });
    const text = await response.text();
    const answer = jsonIn(text);
    if (response.ok) return answer as Answer;
    throw new PurserHttpError(problemOf(response.status, answer, text));
  };
  return {
    generate: (body, options) => request('POST', '/api/ai/generate', body, options),
    usage: (options) => request('GET', '/api/usage', undefined, options),
    request,
  };
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const WORDS_MAX = 200;

function problemOf(status: number, answer: unknown, text: string): Problem {
  if (typeof answer === 'object' && answer !== null && 'code' in answer && 'title' in answer) return answer as Problem;
  return {
    type: 'about:blank',
    title: `The server answered ${status}`,
    status,
    code: 'unreadable',
    ...(text !== '' && { detail: text.slice(0, WORDS_MAX) }),
  };
}
