import type { Readable } from 'node:stream';

import { isRefusal, type Refusal, refuse, RefusalError } from '@purser/core';
import { type App, compileValidator, createOnce, problems } from '@purser/http';
import type { FastifyRequest, FastifySchemaCompiler } from 'fastify';
import { z } from 'zod';

import { type AddedRecipients, addRecipients, type Named } from '../add-recipients.ts';
import type { CampaignsDeps } from '../deps.ts';
import { readCsvRecipients } from '../recipients-csv.ts';
import { textsOf } from '../recipients.ts';
import { spool, type Spooled } from '../spool.ts';
import { FIELDS_MAX, recipientSchema, RECIPIENTS_MAX, VALUE_CHARS_MAX } from './send.ts';

/** A million rows with a few fields each. */
const CSV_BYTES_MAX = 192 * 1024 * 1024;
/** At once: each holds a connection of the database while its rows are written. */
const UPLOADS_MAX = 2;

const count = z.int().nonnegative();
const listBody = z.array(recipientSchema).min(1).max(RECIPIENTS_MAX);

const addedSchema = z.object({
  added: count,
  duplicates: count.describe('Named before, here or earlier; written to once, with the data they were named with first.'),
  invalid: count.describe('No address; not added.'),
  invalid_shown: z
    .array(z.object({ line: count.optional(), index: count.optional(), email: z.string() }))
    .describe('The first of them, by the line of a file or the place in a list.'),
  ignored_columns: z.array(z.string()).describe('Of a file: columns whose name no merge field can have.'),
  recipients: count.describe('Of the campaign now.'),
});

/** As a list (JSON) or a file (CSV); the file is read while it is written down. */
export function registerRecipients(app: App, deps: CampaignsDeps): void {
  void app.register((scope: App, _options: object, done: () => void) => {
    const uploads = new Map<FastifyRequest, Spooled | undefined>();
    scope.addContentTypeParser('text/csv', async (request: FastifyRequest, body: Readable) => {
      if (uploads.size >= UPLOADS_MAX) throw new RefusalError(BUSY);
      uploads.set(request, undefined);
      const spooled = await spool(body, CSV_BYTES_MAX);
      // Its caller left with the last byte.
      if (!uploads.has(request)) await spooled.close();
      else uploads.set(request, spooled);
      request.body_sha256 = spooled.sha256;
      return spooled;
    });
    // Answered, or left by its caller: what it sent is not needed any more.
    scope.addHook('onResponse', async (request) => {
      const spooled = uploads.get(request);
      uploads.delete(request);
      await spooled?.close();
    });
    scope.setValidatorCompiler(validateUnlessFile);
    registerAdd(scope, deps, uploads);
    done();
  });
}

const BUSY: Refusal = refuse('overloaded', 'other files of recipients are being read; send this one again', {
  retryAfterSeconds: 10,
});

function registerAdd(scope: App, deps: CampaignsDeps, uploads: ReadonlyMap<FastifyRequest, Spooled | undefined>): void {
  scope.route({
    method: 'POST',
    url: '/api/campaigns/:id/recipients',
    config: { access: 'workspace', feature: 'campaigns' },
    bodyLimit: deps.bounds.prompt_body_bytes_max,
    schema: {
      tags: ['Campaigns'],
      summary: 'Adds recipients to a campaign that nobody has got yet: all that are addresses, or none',
      description:
        `A list as JSON, ${RECIPIENTS_MAX} at most; or a file as \`text/csv\` in UTF-8 (packed with gzip if you like), a million rows at most. ` +
        'Its first line names the columns: `email`, and the merge fields.',
      params: z.object({ id: z.string().max(100) }),
      body: listBody,
      response: { 201: addedSchema, ...problems(400, 401, 402, 403, 404, 409, 422, 503) },
    },
    handler: async (request, reply) => {
      const { id } = request.params;
      const file = uploads.get(request);
      return createOnce(deps, request, reply, async (connection) => {
        if (file === undefined) return added(await addRecipients(deps, connection, id, listed(request.body)), []);
        const rows = readCsvRecipients(file.read(), { fields_max: FIELDS_MAX, value_chars_max: VALUE_CHARS_MAX });
        return added(await addRecipients(deps, connection, id, rows), rows.ignored);
      });
    },
  });
}

/** A file is read row by row, when the campaign is known. */
const validateUnlessFile: FastifySchemaCompiler<z.ZodType> = (route) => {
  const validate = compileValidator(route);
  return (data: unknown) => (route.httpPart === 'body' && isFile(data) ? { value: data } : validate(data));
};

function isFile(data: unknown): boolean {
  return typeof data === 'object' && data !== null && 'sha256' in data && 'read' in data && typeof data.read === 'function';
}

function* listed(body: z.infer<typeof listBody>): Generator<Named> {
  for (const [index, { email, data = {} }] of body.entries()) yield { index, email, data: textsOf(data) };
}

function added(result: AddedRecipients | Refusal, ignored_columns: readonly string[]): object | Refusal {
  return isRefusal(result) ? result : { ...result, ignored_columns };
}
