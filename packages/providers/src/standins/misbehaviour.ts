/** The ways a provider goes wrong that we have to survive. Each is a real behaviour on a real socket. */
export const MISBEHAVIOURS = {
  honest: 'answers as its protocol says; a stream reports usage once, at its end',
  slow: 'waits before its first byte',
  drip: 'waits before each piece of a stream',
  hang: 'takes the request and never answers',
  hang_mid_stream: 'sends half of its answer and then nothing',
  cut_off: 'closes the connection in the middle of its answer',
  early_end: 'ends a stream properly, but without a finish reason or usage',
  rate_limited: '429 with Retry-After: 2',
  server_error: '500',
  overloaded: '503',
  unauthorised: '401 that repeats the key it was given',
  garbage: '200 with a page of HTML',
  error_in_stream: 'a stream that turns into an error',
  no_usage: 'never reports usage',
  too_many_tokens: 'writes and reports three times the tokens asked for',
  duplicate_usage: 'reports growing usage with every piece',
  negative_usage: 'reports a negative number of tokens',
  huge_usage: 'reports 1e300 tokens',
  fractional_usage: 'reports 12.5 tokens',
} as const;

export type Misbehaviour = keyof typeof MISBEHAVIOURS;

const MODEL_PREFIX = 'standin-';

/** The model that always behaves so: `standin-cut_off`. */
export function modelOf(misbehaviour: Misbehaviour): string {
  return MODEL_PREFIX + misbehaviour;
}

/** The behaviour a model's name asks for. */
export function misbehaviourOf(model: string): Misbehaviour | undefined {
  const name = model.slice(MODEL_PREFIX.length);
  return model.startsWith(MODEL_PREFIX) && isMisbehaviour(name) ? name : undefined;
}

export function isMisbehaviour(name: string): name is Misbehaviour {
  return Object.hasOwn(MISBEHAVIOURS, name);
}
