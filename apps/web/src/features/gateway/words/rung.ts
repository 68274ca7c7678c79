const WORDS: Record<string, string> = {
  model_class_max: 'best class of model',
  output_tokens_max: 'longest answer, in tokens',
  lane: 'place in the queue',
  image_quality: 'best image quality',
  candidates_max: 'candidates at most',
  finals_max: 'final images at most',
  pause: 'paused',
  quotas: 'tighter quota',
};

const WHOLE: Record<string, string> = {
  'new_batch: false': 'no extra batch of candidates',
  'offer: true': 'what can be bought is offered',
};

/** What a rung does, for a reader: `output_tokens_max: 500` as "longest answer, in tokens: 500". */
export function rungWords(effect: string): string {
  const whole = Object.hasOwn(WHOLE, effect) ? WHOLE[effect] : undefined;
  if (whole !== undefined) return whole;
  const [key = '', ...value] = effect.split(': ');
  const known = Object.hasOwn(WORDS, key) ? WORDS[key] : undefined;
  return [known ?? key.replaceAll('_', ' '), ...value.map((text) => text.replaceAll('_', ' '))].join(': ');
}
