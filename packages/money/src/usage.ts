/**
 * What a provider call used, or a bound on it. Whole, non-negative counts.
 * `input_tokens` is the total including cached and written-to-cache tokens; `output_tokens` the total including reasoning.
 * A count that is left out is zero; a provider that does not report at all is `null` usage, which is not this type.
 */
export interface Usage {
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly cached_input_tokens?: number;
  readonly cache_write_tokens?: number;
  readonly reasoning_tokens?: number;
  /** Of the written tokens those that are kept for an hour, where that has a price of its own. */
  readonly cache_write_1h_tokens?: number;
  /** Sound among the input, and of that the part that was cached; sound and pictures among the output. */
  readonly audio_input_tokens?: number;
  readonly cached_audio_input_tokens?: number;
  readonly audio_output_tokens?: number;
  /** Pictures among the input. */
  readonly image_input_tokens?: number;
  readonly image_output_tokens?: number;
  /** Searches that the provider ran by itself. */
  readonly web_searches?: number;
  /** The provider's name of how it processed the call, where that is not its standard way. */
  readonly service_tier?: string;
  readonly images?: readonly ImageCount[];
  /** Begun seconds count whole. */
  readonly seconds?: number;
  readonly characters?: number;
  /** Begun minutes count whole. */
  readonly minutes?: number;
  readonly emails?: number;
  /** Calls billed by the piece; a model with a price per request bills one unless said otherwise. */
  readonly requests?: number;
  /** Pieces of units that a module brought, by the unit's name in prices. */
  readonly units?: Readonly<Record<string, number>>;
}

export interface ImageCount {
  /** `1024x1024` */
  readonly size: string;
  readonly quality: string;
  readonly count: number;
}

export const NO_USAGE: Usage = Object.freeze({ input_tokens: 0, output_tokens: 0 });
