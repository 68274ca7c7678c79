import { ANTHROPIC_SHAPES } from './shapes-anthropic.ts';
import { GEMINI_SHAPES } from './shapes-gemini.ts';
import { OPENAI_SHAPES } from './shapes-openai.ts';
import type { VendorShape } from './vendor-shape.ts';

export const VENDOR_SHAPES: readonly VendorShape[] = [
  ...OPENAI_SHAPES.map((shape) => ({ vendor: 'openai' as const, ...shape })),
  ...ANTHROPIC_SHAPES.map((shape) => ({ vendor: 'anthropic' as const, ...shape })),
  ...GEMINI_SHAPES.map((shape) => ({ vendor: 'gemini' as const, ...shape })),
];
