import type { App } from '@purser/http';

import { registerChatCompletions } from './chat-completions.ts';
import { limitsOnAnswers } from './describe-limits.ts';
import { registerEmbeddings } from './embeddings.ts';
import { registerFeatureCheck } from './feature-check.ts';
import { registerGenerate } from './generate.ts';
import { registerImages } from './images.ts';
import { registerLimitsEstimate } from './limits-estimate.ts';
import { registerMessages } from './messages/register-messages.ts';
import { registerModerations } from './moderations.ts';
import { registerOpenAiModels } from './openai-models.ts';
import { registerOperations } from './operations.ts';
import { registerResponses } from './responses/register-responses.ts';
import { registerSpeech } from './speech.ts';
import { registerTranscriptions } from './transcriptions.ts';
import type { GatewayDeps } from './deps.ts';

export function registerRoutes(app: App, deps: GatewayDeps): void {
  limitsOnAnswers(app, deps.gate);
  registerGenerate(app, deps);
  registerChatCompletions(app, deps);
  registerResponses(app, deps);
  registerMessages(app, deps);
  registerEmbeddings(app, deps);
  registerImages(app, deps);
  registerSpeech(app, deps);
  registerModerations(app, deps);
  registerTranscriptions(app, deps);
  registerOpenAiModels(app, deps);
  registerFeatureCheck(app, deps);
  registerLimitsEstimate(app, deps);
  registerOperations(app, deps);
}
