import { randomBytes } from 'node:crypto';

import type { EndpointRequest } from './endpoint.ts';
import type { FormFile } from './form-file.ts';

type Field = string | readonly string[];

/** A form of texts and files as OpenAI's clients write it: a list has `[]` behind its name, once for each of it. */
export function formRequest(
  path: string,
  fields: Readonly<Record<string, Field | undefined>>,
  files: Readonly<Record<string, readonly FormFile[]>>,
  signal: AbortSignal,
): EndpointRequest {
  const boundary = `purser-${randomBytes(16).toString('hex')}`;
  const parts: Uint8Array[] = [];
  const add = (disposition: string, type: string | undefined, body: Uint8Array): void => {
    const kind = type === undefined ? '' : `content-type: ${type}\r\n`;
    parts.push(
      Buffer.from(`--${boundary}\r\ncontent-disposition: form-data; ${disposition}\r\n${kind}\r\n`),
      body,
      Buffer.from('\r\n'),
    );
  };
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    const list = typeof value !== 'string';
    for (const one of list ? value : [value]) add(`name="${quoted(name)}${list ? '[]' : ''}"`, undefined, Buffer.from(one));
  }
  for (const [name, all] of Object.entries(files)) {
    const list = all.length > 1;
    for (const file of all)
      add(`name="${quoted(name)}${list ? '[]' : ''}"; filename="${quoted(file.name)}"`, typeOf(file.type), file.bytes);
  }
  parts.push(Buffer.from(`--${boundary}--\r\n`));
  return { path, body: Buffer.concat(parts), content_type: `multipart/form-data; boundary=${boundary}`, signal };
}

/** As HTML has it: what would end the value, or the line, is written in percents. */
function quoted(text: string): string {
  return text.replaceAll('\n', '%0A').replaceAll('\r', '%0D').replaceAll('"', '%22');
}

function typeOf(given: string): string {
  return /^[\w.+-]+\/[\w.+-]+(?:;[\x20-\x7e]*)?$/u.test(given) ? given : 'application/octet-stream';
}
