import { z } from 'zod';

const MODELS_MAX = 8;

/** `models`, beside `model`: who is asked when that one cannot be, or fails. */
export const fallbackModels = z
  .array(z.string().min(1).max(200))
  .max(MODELS_MAX)
  .nullish()
  .describe(
    'Models to fall back to, in this order, where `model` is not available or fails; `purser-degraded` names the one that answered instead.',
  );
