import type { Conversion } from './litellm.ts';
import type { ImportedPrice } from './litellm-draft.ts';
import { type Fields, isZero, type LeftOut, textOf } from './litellm-fields.ts';
import type { TaskType } from './tables.ts';

/** One imported model in the form of `models.yml`. */
export interface ImportedModel {
  readonly id: string;
  readonly provider: string;
  readonly name: string;
  readonly version: string;
  readonly task: TaskType;
  readonly class: 'small' | 'medium' | 'large';
  readonly price: string;
  readonly context_tokens: string;
  readonly output_tokens_max: string;
  readonly free?: 'true';
}

export interface ModelConversion {
  readonly models: readonly ImportedModel[];
  /** Entries that have a price, and are no model here, with the reason. */
  readonly left_out: readonly LeftOut[];
}

const TASKS: Readonly<Record<string, TaskType>> = {
  chat: 'text',
  responses: 'text',
  embedding: 'embedding',
  image_generation: 'image',
  image_edit: 'image',
  audio_speech: 'speech',
  audio_transcription: 'transcription',
  moderation: 'moderation',
};
/** Tasks whose output is billed by tokens, so that a model without a limit could bill any number of them. */
const LIMITED: ReadonlySet<TaskType> = new Set(['text']);
/** Of an output token in USD: what costs no more is small, what costs no more is medium, in the classes of the shipped models. */
const SMALL_MAX = 0.000_001_5;
const MEDIUM_MAX = 0.000_006;

/**
 * The models of the entries whose prices were taken: those that the providers of a catalog serve, with what bounds a call on them.
 * `known`: ids that stand in the catalog's own file, which is not overruled.
 */
export function modelsFrom(
  { entries, prices }: Conversion,
  providers: ReadonlySet<string>,
  known: ReadonlySet<string>,
  today: string,
): ModelConversion {
  const models = new Map<string, ImportedModel>();
  const left_out: LeftOut[] = [];
  const priced = new Map(prices.map((price) => [price.key, price]));
  for (const { name, key, fields } of entries) {
    const price = priced.get(key);
    const model = price === undefined ? 'its price was left out' : modelFrom(key, fields, price, providers, today);
    if (typeof model === 'string') left_out.push({ name, reason: model });
    else if (known.has(model.id)) left_out.push({ name, reason: 'it stands in models.yml' });
    else if (models.has(model.id)) left_out.push({ name, reason: 'another name or size of a model that was taken' });
    else models.set(model.id, model);
  }
  return { models: [...models.values()], left_out };
}

function modelFrom(
  key: string,
  fields: Fields,
  price: ImportedPrice,
  providers: ReadonlySet<string>,
  today: string,
): ImportedModel | string {
  const slash = key.indexOf('/');
  const [provider, name] = [key.slice(0, slash), key.slice(slash + 1)];
  if (!providers.has(provider)) return `the provider ${provider} has no adapter here; its price is kept`;
  if (name.includes('*')) return 'a pattern of names, no model';
  const mode = textOf(fields, 'mode') ?? '';
  const task = TASKS[mode];
  if (task === undefined) return `no task here serves models of the mode ${mode}; its price is kept`;
  const end = textOf(fields, 'deprecation_date');
  if (end !== undefined && /^\d{4}-\d\d-\d\d$/u.test(end) && end <= today) return 'its provider has ended it';
  const context_tokens = whole(fields, 'max_input_tokens') ?? whole(fields, 'max_tokens');
  const output_tokens_max = whole(fields, 'max_output_tokens') ?? (task === 'text' ? whole(fields, 'max_tokens') : undefined);
  if (LIMITED.has(task) && output_tokens_max === undefined) return 'no output limit: nothing bounds what it may bill';
  if (billsOutput(task, price) && output_tokens_max === undefined) return 'no output limit: nothing bounds what it may bill';
  return {
    id: key,
    provider,
    name,
    version: versionOf(name),
    task,
    class: classOf(price),
    price: key,
    context_tokens: context_tokens ?? '32768',
    output_tokens_max: output_tokens_max ?? '0',
    ...(Object.values(price.each).every(isZero) && (price.images ?? []).length === 0 ? { free: 'true' as const } : {}),
  };
}

/** Speech, transcripts and images that are billed by tokens. */
function billsOutput(task: TaskType, { each, images = [] }: ImportedPrice): boolean {
  if (task === 'speech') return each['character'] === undefined && each['second'] === undefined;
  if (task === 'transcription') return each['second'] === undefined;
  return task === 'image' && images.length === 0;
}

function whole(fields: Fields, field: string): string | undefined {
  const text = textOf(fields, field);
  return text !== undefined && /^[1-9]\d{0,8}$/u.test(text) ? text : undefined;
}

/** The number in a name, `gpt-4.1-nano` → 4.1.0; names without one are all of one version. */
function versionOf(name: string): string {
  const [, major = '1', minor = '0'] = /(?:^|-)v?(\d{1,2})[.-]?(\d{1,2})?(?=-|$|[a-z])/u.exec(name) ?? [];
  return `${Number(major)}.${Number(minor)}.0`;
}

function classOf({ each, images = [] }: ImportedPrice): ImportedModel['class'] {
  const output = Number(each['output_token'] ?? each['audio_output_token'] ?? 0);
  if (images.length > 0 || output === 0) return 'medium';
  return output <= SMALL_MAX ? 'small' : output <= MEDIUM_MAX ? 'medium' : 'large';
}
