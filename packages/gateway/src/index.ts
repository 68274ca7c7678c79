import type { Module } from '@purser/module';

import { registerChatCompletions } from './chat-completions.ts';
import type { GatewayDeps } from './deps.ts';
import { registerFeatureCheck } from './feature-check.ts';
import { registerGenerate } from './generate.ts';
import { registerLimitsEstimate } from './limits-estimate.ts';
import { registerOpenAiModels } from './openai-models.ts';
import { registerOperations } from './operations.ts';

export type { GatewayDeps } from './deps.ts';

/** Calls that spend, and what may be asked for. */
export const gateway: Module<GatewayDeps> = {
  name: 'gateway',
  routes(app, deps) {
    registerGenerate(app, deps);
    registerChatCompletions(app, deps);
    registerOpenAiModels(app, deps);
    registerFeatureCheck(app, deps);
    registerLimitsEstimate(app, deps);
    registerOperations(app, deps);
  },
};
