import { readProblem } from './read-problem.ts';
import { fetchApi } from './server.ts';
import type { Problem } from './problem.ts';
import { t } from '../words/translate.ts';

/** A problem answered by the API, thrown so that queries and mutations can carry it. */
export class ProblemError extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail);
    this.name = 'ProblemError';
    this.problem = problem;
  }
}

/** The problem behind any failure; what is not the API's own counts as a lost connection. */
export function problemOf(error: unknown): Problem {
  if (error instanceof ProblemError) return error.problem;
  return {
    code: 'connection_lost',
    status: 0,
    title: t('The connection was lost'),
    detail: 'Purser did not answer. It may be restarting, or your network is away.',
  };
}

export async function problemFrom(response: Response): Promise<ProblemError> {
  return new ProblemError(readProblem(response.status, await response.text(), response.headers.get('retry-after')));
}

/** @throws ProblemError for every answer that is not 2xx. */
async function ask(path: string, init: RequestInit): Promise<Response> {
  const response = await fetchApi(path, init);
  if (!response.ok) throw await problemFrom(response);
  return response;
}

interface Options {
  readonly signal?: AbortSignal;
  /** Honoured on what spends or creates. */
  readonly idempotency_key?: string;
  /** The workspace an operator acts for. */
  readonly workspace_id?: string | undefined;
}

export async function get<T>(path: string, { signal, workspace_id }: Options = {}): Promise<T> {
  const headers = { accept: 'application/json', ...(workspace_id === undefined ? {} : { 'purser-workspace': workspace_id }) };
  const response = await ask(path, { headers, ...(signal === undefined ? {} : { signal }) });
  return (await response.json()) as T;
}

export function post<T>(path: string, body: unknown, options: Options = {}): Promise<T> {
  return change<T>('POST', path, body, options);
}

/** @throws ProblemError for every answer that is not 2xx. */
export async function change<T>(
  method: 'POST' | 'PATCH' | 'PUT' | 'DELETE',
  path: string,
  body?: unknown,
  { idempotency_key, workspace_id }: Options = {},
): Promise<T> {
  const headers = {
    accept: 'application/json',
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    ...(idempotency_key === undefined ? {} : { 'idempotency-key': idempotency_key }),
    ...(workspace_id === undefined ? {} : { 'purser-workspace': workspace_id }),
  };
  const response = await ask(path, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  return (response.status === 204 ? undefined : await response.json()) as T;
}

/** A file of the API, as the browser saves it. @throws ProblemError for every answer that is not 2xx. */
export async function fileFrom(path: string): Promise<{ readonly name: string; readonly content: Blob }> {
  const response = await ask(path, {});
  const name = /filename="([^"]+)"/.exec(response.headers.get('content-disposition') ?? '')?.[1];
  return { name: name ?? 'purser', content: await response.blob() };
}

/** A file as the body. @throws ProblemError for every answer that is not 2xx. */
export async function upload<T>(path: string, file: File, type: string): Promise<T> {
  const response = await ask(path, { method: 'POST', headers: { accept: 'application/json', 'content-type': type }, body: file });
  return (await response.json()) as T;
}

/** 128 random bits as hex. `crypto.randomUUID` is missing on plain http addresses other than localhost; this is not. */
export function newIdempotencyKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
