import type { Problem } from '@purser/api';

/** OpenAI's error shape, with our `code` and, beside its own members, what a refused caller can do. */
export function openAiError(problem: Problem): object {
  return {
    error: {
      message: problem.detail ?? problem.title,
      type: errorType(problem.status),
      // As OpenAI names it when there is no such model, or none that may be used.
      param: problem.code === 'no_model_allowed' ? 'model' : null,
      code: problem.code,
      ...(problem.retry_after !== undefined && { retry_after: problem.retry_after }),
      ...(problem.offers !== undefined && { offers: problem.offers }),
    },
  };
}

function errorType(status: number): string {
  if (status === 401) return 'authentication_error';
  if (status === 402) return 'insufficient_quota';
  if (status === 403) return 'permission_error';
  if (status === 429) return 'rate_limit_error';
  return status >= 500 ? 'server_error' : 'invalid_request_error';
}

/**
 * Whether the same request may succeed when simply sent again: OpenAI's own clients heed it as `x-should-retry`. After a provider's failure
 * every provider there is has been asked already: a client that asks again at once only multiplies the calls.
 */
export function worthRetrying(problem: Problem): boolean {
  return problem.status === 503 || problem.code === 'concurrency_exceeded' || problem.code === 'rate_limited';
}
