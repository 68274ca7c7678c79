import type { ProviderModel } from '../provider-model.ts';
import type { UsageReport } from '../usage-report.ts';

/** One thing to be judged: a text, or a post of texts and pictures that is judged as a whole. */
export type ModerationItem = string | readonly ModerationPart[];

export type ModerationPart =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'image_url'; readonly image_url: { readonly url: string } };

export interface ModerationCall {
  readonly provider: string;
  readonly model: string;
  readonly items: readonly ModerationItem[];
  /** Ends the call: a time limit, or a client that went away. */
  readonly signal: AbortSignal;
}

/** What was found in one item, by OpenAI's names. */
export interface ModerationFinding {
  readonly flagged: boolean;
  readonly categories: Readonly<Record<string, boolean | null>>;
  readonly category_scores: Readonly<Record<string, number | null>>;
  readonly [more: string]: unknown;
}

export interface ModerationAnswer {
  /** One for each item, in their order. */
  readonly findings: readonly ModerationFinding[];
  readonly usage: UsageReport;
  readonly model: ProviderModel;
  readonly request_id?: string;
}

export interface ModerationAbilities {
  readonly pictures: boolean;
  /** How many posts with pictures one call takes; texts are as many as are asked. */
  readonly posts_max: number;
}
