export { problemOfThrown, refusalOfThrown, sendRefusal, sendThrown } from './answer-failure.ts';
export {
  callerIfAny,
  callerOf,
  presentedCredentials,
  refusedAccess,
  SESSION_COOKIE,
  UNAUTHENTICATED,
  workspaceOf,
} from './authenticate.ts';
export { authorityOf, personOf } from './authority.ts';
export { BOUNDS, type Bounds, InFlight } from './bounds.ts';
export { clientReader, isOwnProxy } from './client.ts';
export { boundConnections } from './connections.ts';
export { createOnce } from './create-once.ts';
export { crossOrigin } from './cross-origin.ts';
export { type CsvCell, sendCsv, streamCsv, toCsv } from './csv.ts';
export { type ByteSending, sendBytes } from './byte-stream.ts';
export { callerSignal } from './disconnect.ts';
export { unpackBodies } from './encoded-body.ts';
export { event, sendChunks } from './events.ts';
export { idempotencyOf } from './idempotency-key.ts';
export { readJsonBodies } from './json-body.ts';
export { httpMigrations } from './migrations.ts';
export { namedWorkspace } from './named-workspace.ts';
export { answerUnknownRoute } from './not-found.ts';
export { omitUndefined } from './omit-undefined.ts';
export { anthropicError } from './anthropic-error.ts';
export { openAiError } from './openai-error.ts';
export { guardRedirects, redirectWithin } from './own-redirect.ts';
export { escaped, type PlainPage, problemPage, sendPage } from './plain-page.ts';
export { INTERNAL, problemOf } from './problem.ts';
export { anthropicErrors, openAiErrors, problems } from './responses.ts';
export { refuseOtherSites } from './same-origin.ts';
export { API_HEADERS, PAGE_POLICY } from './security-headers.ts';
export { showByView } from './show-view.ts';
export { bytesOf, refuseMessage, registerSignedMessages } from './signed-messages.ts';
export { type Site, siteFor } from './site.ts';
export { instantQuery, type Span, spanOf, spanQuery } from './time-span.ts';
export { type App, type RouteFacts } from './types.ts';
export { counter, cursorOf, quantity } from './wire.ts';
export { compileSerializer, compileValidator } from './zod-compilers.ts';
export { registerApiDescription, registerDocs } from './api-description.ts';
export { registerWebClient } from './web-client.ts';
export { createApp } from './create-app.ts';
