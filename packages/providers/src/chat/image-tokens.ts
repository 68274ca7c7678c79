import type { ImagePart } from './parts.ts';

/**
 * The most tokens that a picture in a prompt is counted as, whatever its size: providers scale pictures down to a budget of their models
 * before they count them. Where no budget is published the bound is the model's whole context, which no prompt exceeds.
 */
export type ImageTokens = (model: string, image: ImagePart) => number;

/**
 * https://platform.claude.com/docs/en/build-with-claude/vision: patches of 28 pixels, at most 1,568 of them, and 4,784 for the models that
 * see in high resolution; what frames a picture is counted beside.
 */
const CLAUDE_STANDARD = /^claude-(?:3|(?:opus|sonnet|haiku)-4-[0-6]\b|(?:opus|sonnet)-4-20)/u;
const CLAUDE_FRAME = 100;

export const claudeImageTokens: ImageTokens = (model) => (CLAUDE_STANDARD.test(model) ? 1_568 : 4_784) + CLAUDE_FRAME;

/**
 * https://ai.google.dev/gemini-api/docs/media-resolution: 1,120 tokens unless another resolution is asked for, which is never done here; up
 * to the second generation 258 and its pan and scan of about 2,048 more.
 */
export const geminiImageTokens: ImageTokens = (model) => (/^gemini-(?:[3-9]|\d\d)/u.test(model) ? 1_200 : 2_560);

/**
 * https://platform.openai.com/docs/guides/images-vision: a picture is fitted into 2,048 × 2,048 pixels and its shorter side into 768, so
 * that it has 8 tiles of 512 at most; or it is cut into at most 1,536 patches of 32 pixels, times a factor of the model.
 */
const TILES_MAX = 8;
const PATCHES_MAX = 1_536;
const OPENAI: readonly (readonly [RegExp, number])[] = [
  [/^gpt-4o-mini/u, 2_833 + TILES_MAX * 5_667],
  [/^gpt-4\.1-mini/u, Math.ceil(PATCHES_MAX * 1.62)],
  [/^gpt-4\.1-nano/u, Math.ceil(PATCHES_MAX * 2.46)],
  [/^gpt-5-mini/u, Math.ceil(PATCHES_MAX * 1.62)],
  [/^gpt-5-nano/u, Math.ceil(PATCHES_MAX * 2.46)],
  [/^o4-mini/u, Math.ceil(PATCHES_MAX * 1.72)],
  [/^(?:gpt-4o|gpt-4\.1|gpt-4\.5)/u, 85 + TILES_MAX * 170],
  [/^(?:gpt-5(?:\.1)?(?:-chat|-20|$))/u, 70 + TILES_MAX * 140],
  [/^o[13]\b/u, 75 + TILES_MAX * 150],
];

export const openAiImageTokens: ImageTokens = (model) =>
  OPENAI.find(([pattern]) => pattern.test(model))?.[1] ?? Number.POSITIVE_INFINITY;
