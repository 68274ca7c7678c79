import { isObject, type Json, objectsIn, textIn } from './json.ts';

/**
 * What a provider that says no finds wrong:
 * - `call`: what the caller asked; whoever else is asked will say the same
 * - `account`: our key, our balance or where we are, whatever the call and the model
 * - `model`: our account for this model, or this prompt before a firewall
 * - `no_model`: it has no such model any more; the name is of our catalog, not of the caller
 * - `route`: nothing about the call: an address, a way or a moment that is not the right one
 */
export type Blame = 'call' | 'account' | 'model' | 'no_model' | 'route';

/** 4xx that judge what was asked. Any other says something of where, how or when it was sent, which callers have no part in. */
const OF_THE_CALL: ReadonlySet<number> = new Set([400, 413, 414, 422, 431]);

/** Machine words of vendors for our account, which no caller's text can bring about. They come with 400, 404 and 429 as well. */
const OF_THE_ACCOUNT =
  /^(?:invalid_api_key|insufficient_quota|billing_hard_limit_reached|billing_not_active|billing_error|account_deactivated|access_terminated|insufficient_balance|authentication_error|API_KEY_INVALID|API_KEY_SERVICE_BLOCKED|SERVICE_DISABLED|BILLING_DISABLED|CONSUMER_SUSPENDED|CONSUMER_INVALID|FAILED_PRECONDITION)$/u;
const NO_MODEL = /^(?:model_not_found|not_found_error|NOT_FOUND|model_not_available|deployment_not_found|DeploymentNotFound)$/u;
/** Where a vendor has no machine word for it: how its message begins, so that what it quotes of a call does not count. */
const ACCOUNT_MESSAGE =
  /^(?:Your credit balance is too low|Your (?:organization|account) (?:has been|must be)|You have reached your specified API usage limits|API key (?:not valid|expired)|User location is not supported)/u;

/** What an error status of 400 to 499 finds wrong, by the status and the machine words of its body. */
export function blameOf(status: number, body: string): Blame {
  if (status === 401) return 'account';
  const error = errorOf(body);
  const words = error === undefined ? [] : machineWords(error);
  if (words.some((word) => OF_THE_ACCOUNT.test(word)) || ACCOUNT_MESSAGE.test(textIn(error?.['message']))) return 'account';
  if (status === 402 || status === 403) return 'model';
  if (status === 404 || status === 410) return words.some((word) => NO_MODEL.test(word)) ? 'no_model' : 'route';
  return OF_THE_CALL.has(status) ? 'call' : 'route';
}

/** The error that a body tells; some wrap it in a list. */
function errorOf(body: string): Json | undefined {
  let told: unknown;
  try {
    told = JSON.parse(body);
  } catch {
    return undefined;
  }
  const answer: unknown = Array.isArray(told) ? told[0] : told;
  if (!isObject(answer)) return undefined;
  return isObject(answer['error']) ? answer['error'] : answer;
}

function machineWords(error: Json): string[] {
  const reasons = objectsIn(error['details']).map(({ reason }) => reason);
  return [error['type'], error['code'], error['status'], ...reasons].map(textIn);
}
