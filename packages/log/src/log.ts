import pino from 'pino';

export type Log = pino.Logger;

/** Fields that hold a secret wherever they stand in a logged object, one or two levels deep. */
const SECRET_FIELDS = ['authorization', 'cookie', '"set-cookie"', 'password', 'secret', 'token', 'api_key', 'apiKey', 'key'];
const HIDDEN = '[hidden]';

/** Text that looks like a secret, in any message or stack trace: bearer tokens, keys with a prefix, passwords in addresses, JWTs. */
const SECRET_TEXT = new RegExp(
  [
    String.raw`(?<=\b(?:Bearer|bearer|BEARER)\s{1,4})[^\s"'\\]+`,
    String.raw`\b(?:sk|rk|pk|gsk|xai|pat|psk|psp|pur|purser|whsec)[-_][\w-]{8,}`,
    String.raw`\bAIza[\w-]{8,}`,
    String.raw`(?<=:\/\/[^\s:/@"]*:)[^\s@/"]+(?=@)`,
    // Without its dots too: a pattern that may fail at its end goes through the same characters again from each beginning.
    String.raw`\beyJ[\w-]{8,}(?:\.[\w-]{8,}\.[\w-]*)?`,
    String.raw`(?<=[?&](?:key|api[-_]?key|token|access_token)=)[^\s&"]+`,
  ].join('|'),
  'g',
);

/** Shorter ones stand in texts by chance. */
const KNOWN_CHARACTERS_MIN = 4;

/** Takes the secrets that are known out of a text, and everything that looks like one. */
export function redactSecrets(text: string, known: readonly string[] = []): string {
  let left = text;
  for (const secret of known) if (secret.length >= KNOWN_CHARACTERS_MIN) left = left.replaceAll(secret, HIDDEN);
  return left.replace(SECRET_TEXT, HIDDEN);
}

/**
 * A logger that writes one JSON object a line. No secret passes: neither in the fields that carry them by name
 * nor in anything that looks like one.
 */
export function createLog(options: { level: Log['level']; write?: (line: string) => void }): Log {
  const out = pino.destination({ fd: 1, sync: true });
  // A disk that is full or a reader that has gone loses lines, and must not end the server with them.
  out.on('error', () => {});
  const write = options.write ?? ((line: string) => out.write(line));
  return pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: {
        paths: SECRET_FIELDS.flatMap((field) => [bare(field), `*${dotted(field)}`, `*.*${dotted(field)}`]),
        censor: HIDDEN,
      },
    },
    { write: (line: string) => write(redactSecrets(line)) },
  );
}

function bare(field: string): string {
  return field.startsWith('"') ? `[${field}]` : field;
}

function dotted(field: string): string {
  return field.startsWith('"') ? `[${field}]` : `.${field}`;
}
