import { readFile } from 'node:fs/promises';

import { Fault } from '@purser/core';

import type { ImportedModel } from './litellm-models.ts';

/** Written by `purser models import`; read when it is there. */
export const IMPORTED_MODELS = 'imported_models.json';

/** The models of a file that `importModels` wrote, in the form of `models.yml`. @throws Fault when it is none */
export async function readImportedModels(path: string): Promise<readonly ImportedModel[]> {
  let models: unknown;
  try {
    ({ models } = JSON.parse(await readFile(path, 'utf8')) as { models?: unknown });
  } catch (error) {
    throw new Fault(`${path} cannot be read; run purser models import again, or remove it`, { retryable: false, cause: error });
  }
  if (!Array.isArray(models)) throw new Fault(`${path} holds no models; run purser models import again`, { retryable: false });
  return models as readonly ImportedModel[];
}
