import { t } from '../words/translate.ts';
import type { Problem } from './problem.ts';

/** Reads an error response as a problem, whatever stands in front of the server answered. */
export function readProblem(status: number, body: string, retry_after_header: string | null): Problem {
  const given = parseObject(body);
  const text = (key: string): string | undefined => (typeof given[key] === 'string' ? given[key] : undefined);
  const header_seconds = retry_after_header === null ? Number.NaN : Number(retry_after_header);
  const retry_after = typeof given['retry_after'] === 'number' ? given['retry_after'] : header_seconds;
  return {
    title: text('title') ?? t('The server answered {status}', { status }),
    status,
    code: text('code') ?? (status === 401 ? 'unauthenticated' : status === 503 ? 'overloaded' : 'unknown'),
    detail: text('detail') ?? '',
    ...(Number.isFinite(retry_after) ? { retry_after } : {}),
    ...(Array.isArray(given['offers']) ? { offers: given['offers'] as NonNullable<Problem['offers']> } : {}),
  };
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
