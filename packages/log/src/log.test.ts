import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

import { expect, test } from 'vitest';

import { createLog, redactSecrets } from './log.ts';

function logged(work: (log: ReturnType<typeof createLog>) => void): string {
  const lines: string[] = [];
  work(createLog({ level: 'info', write: (line) => lines.push(line) }));
  return lines.join('');
}

const SECRETS = [
  'Bearer abcdef0123456789',
  'sk-proj-abcdefghijklmnop',
  'AIzaSyD0123456789abcdefghij',
  'postgres://purser:correct-horse@db/purser',
  'https://api.example/v1?key=abcdef0123456789&alt=sse',
  'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abcdefghijk',
];
const BARE = /abcdef0123456789|abcdefghij|correct-horse|eyJzdWIi/;

test.each(SECRETS)('what looks like a secret never reaches the log: %s', (secret) => {
  const line = logged((log) => {
    log.info({ note: { deep: { deeper: secret } } }, `calling with ${secret}`);
    log.error(new Error(`failed with ${secret}`));
  });
  expect(line).not.toMatch(BARE);
  expect(line).toContain('[hidden]');
});

test.each([
  ['a secret that is known', 'bad key my-own-proxy-password!'],
  ['a bearer token of any form', 'authorization: bearer  abc$def.ghi'],
  ['a key of Groq', 'gsk_abcdEFGH12345678 is wrong'],
  ['a key of xAI', 'xai-abcdEFGH12345678 is wrong'],
  ['a Google key', 'key AIzaSyA1234567890abcdef is not valid'],
  ['a key in an address', 'GET https://host/v1?api-key=12345678abc&alt=sse failed'],
])('%s is hidden, and the words around it are not', (_, text) => {
  const bare = redactSecrets(text, ['my-own-proxy-password', 'a']);
  expect(bare).toMatch(/^[a-zA-Z:/?.1&=!-]*.*\[hidden\]/);
  for (const secret of ['my-own', 'def.ghi', 'abcdEFGH', 'SyA1234567890', '12345678abc']) expect(bare).not.toContain(secret);
  expect(bare.replace('[hidden]', '').length).toBeGreaterThan(5);
});

test('fields that carry secrets by name are hidden at every place a request is logged from', () => {
  const line = logged((log) => {
    log.info({
      authorization: 'x1',
      req: { headers: { authorization: 'x2', cookie: 'x3', 'set-cookie': 'x4' } },
      caller: { api_key: 'x5' },
    });
  });
  expect(line).not.toMatch(/x[1-5]/);
});

test('a line is one JSON object with time, level and message', () => {
  expect(JSON.parse(logged((log) => log.warn({ port: 4780 }, 'taken')))).toMatchObject({
    level: 'warn',
    port: 4780,
    msg: 'taken',
    time: expect.any(String) as string,
  });
});

test('below its level nothing is written', () => {
  expect(logged((log) => log.debug('quiet'))).toBe('');
});

test.runIf(existsSync('/dev/full'))('a disk that takes no more lines loses them and ends nothing', () => {
  const script = `import { createLog } from '${new URL('log.ts', import.meta.url).href}';
    const log = createLog({ level: 'info' });
    log.info('one'); log.info('two');
    setTimeout(() => process.exit(7), 50);`;
  const { status } = spawnSync('sh', ['-c', '"$0" --input-type=module -e "$1" > /dev/full', process.execPath, script]);
  expect(status).toBe(7);
});
