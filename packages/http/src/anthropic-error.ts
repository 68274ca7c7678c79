import type { Problem } from '@purser/api';

/** Which of Anthropic's kinds of errors a status is. */
const TYPES: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  409: 'invalid_request_error',
  413: 'request_too_large',
  415: 'invalid_request_error',
  422: 'invalid_request_error',
  429: 'rate_limit_error',
  503: 'overloaded_error',
  504: 'timeout_error',
};

/** Anthropic's error shape, with our `code` and, beside its own members, what a refused caller can do. */
export function anthropicError(problem: Problem, request_id?: string): object {
  return {
    type: 'error',
    error: {
      type: TYPES[problem.status] ?? 'api_error',
      message: problem.detail ?? problem.title,
      code: problem.code,
      ...(problem.retry_after !== undefined && { retry_after: problem.retry_after }),
      ...(problem.offers !== undefined && { offers: problem.offers }),
    },
    ...(request_id !== undefined && { request_id }),
  };
}
