import type { FormFile } from './form-file.ts';
import type { ProviderModel } from '../provider-model.ts';
import type { UsageReport } from '../usage-report.ts';

export type ImageQuality = 'low' | 'medium' | 'high';

export interface ImageCall {
  readonly provider: string;
  readonly model: string;
  readonly prompt: string;
  readonly count: number;
  /** `1024x1024` */
  readonly size: string;
  /** Undefined: as the model draws by itself. */
  readonly quality: ImageQuality | undefined;
  /** Images to be changed by the prompt; none: one is drawn from nothing. */
  readonly references: readonly FormFile[];
  /** Where the first of them may be changed: what is transparent in it. */
  readonly mask?: FormFile;
  /** The most tokens that may be put out, where images are billed by tokens. */
  readonly output_tokens_max?: number;
  /** Ends the call: a time limit, or a client that went away. */
  readonly signal: AbortSignal;
  /** The end user inside the workspace, already made anonymous. */
  readonly user?: string;
}

export interface ImageAnswer {
  readonly images: readonly Uint8Array[];
  /** What was drawn is in it even where the provider says nothing of tokens; that is then the least. */
  readonly usage: UsageReport;
  readonly model: ProviderModel;
  readonly request_id?: string;
}

/** What a provider can draw. */
export interface ImageAbilities {
  /** In one call. */
  readonly count_max: number;
  readonly qualities: boolean;
  /** Of the images to be changed; 0: it changes none. */
  readonly references_max: number;
  readonly masks: boolean;
  /** The sizes it draws; absent: its models say. */
  readonly sizes?: ReadonlySet<string>;
}

/** The most bytes that an answer with images is: none is larger than its samples, in base64, with what stands beside them. */
export function imageBytesMax({ size, count }: Pick<ImageCall, 'size' | 'count'>): number {
  const [width = 0, height = 0] = size.split('x').map(Number);
  return Math.ceil((count * (width * height * 4 + 65_536) * 4) / 3) + 1_048_576;
}
