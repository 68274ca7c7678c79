import { t } from '../../../words/translate.ts';
const WORDS: Record<string, string> = {
  model_class_max: t('highest model class'),
  output_tokens_max: t('longest answer, in tokens'),
  lane: t('priority'),
  image_quality: t('best image quality'),
  candidates_max: t('candidates at most'),
  finals_max: t('final images at most'),
  pause: 'paused',
  quotas: t('tighter quota'),
};

const WHOLE: Record<string, string> = {
  'new_batch: false': t('no extra batch of candidates'),
  'offer: true': t('what can be bought is offered'),
};

/** What a level does, for a reader: `output_tokens_max: 500` as "longest answer, in tokens: 500". */
export function levelWords(effect: string): string {
  const whole = Object.hasOwn(WHOLE, effect) ? WHOLE[effect] : undefined;
  if (whole !== undefined) return whole;
  const [key = '', ...value] = effect.split(': ');
  const known = Object.hasOwn(WORDS, key) ? WORDS[key] : undefined;
  return [known ?? key.replaceAll('_', ' '), ...value.map((text) => text.replaceAll('_', ' '))].join(': ');
}
