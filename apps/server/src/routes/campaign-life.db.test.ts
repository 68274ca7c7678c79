import { gzipSync } from 'node:zlib';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { type Answered, type Asked, startTestServer, type TestServer } from '../testing/index.ts';

const TIMEOUT_MS = 20_000;
/** Of a workspace that may send little. */
const FEW = { overrides: { quotas: { emails_day: 20 } } };
const MESSAGE = { subject: 'Hello {{name}}', text: 'Dear {{name}} of {{city}}' };

let server: TestServer;
/** Holds a call of the gate after its settle while it is there. */
let hold: Promise<void> | undefined;
let reached: () => void = () => {};
beforeAll(async () => {
  const pause = async (point: string): Promise<void> => {
    if (point !== 'after settle' || hold === undefined) return;
    reached();
    await hold;
  };
  server = await startTestServer({}, { pause });
});
afterAll(() => server.close());

type Ask = (path: string, options?: Asked) => Promise<Answered>;
interface Space {
  readonly ask: Ask;
  readonly id: string;
}

async function space(more: object = {}): Promise<Space> {
  const { id, key } = await server.workspace('PRO', more);
  return { id, ask: (path, options) => server.ask(`/api/campaigns${path}`, { key, ...options }) };
}

const addresses = (count: number) => Array.from({ length: count }, (_, index) => ({ email: `r${index}@example.com` }));
const csv = (text: string | Uint8Array, headers: Record<string, string> = {}): Asked => ({
  method: 'POST',
  body: text,
  headers: { 'content-type': 'text/csv', ...headers },
});
const post = { method: 'POST' };
const now = () => server.running.composition.deps.clock.now();

async function draft({ ask }: Space, recipients = 0, more: object = {}): Promise<string> {
  const made = await ask('', { body: { ...MESSAGE, ...more } });
  expect([made.status, made.json.status]).toEqual([201, 'draft']);
  if (recipients > 0) {
    const added = await ask(`/${made.json.id}/recipients`, { body: addresses(recipients) });
    expect([added.status, added.json]).toMatchObject([201, { added: recipients, recipients }]);
  }
  return made.json.id;
}

async function read({ ask }: Space, id: string) {
  const { json } = await ask(`/${id}`);
  const { counts, recipients } = json as unknown as { counts: Record<string, number>; recipients: number };
  expect(Object.values(counts).reduce((sum, one) => sum + one, 0)).toBe(recipients);
  return json as unknown as Record<string, unknown> & { readonly job_id: string; readonly scheduled_at: string };
}

const becomes = (own: Space, id: string, wanted: object): Promise<void> =>
  expect.poll(() => read(own, id), { timeout: TIMEOUT_MS, interval: 50 }).toMatchObject(wanted);

/** 25 of which the day has a place for 20; what is left waits for the next one. */
async function waiting(own: Space): Promise<string> {
  const id = await draft(own, 25, { overflow: 'next_day' });
  const scheduled = await own.ask(`/${id}/schedule`, post);
  expect([scheduled.status, scheduled.json]).toMatchObject([202, { status: 'sending', accepted: 20, deferred: 5, refused: 0 }]);
  await expect.poll(async () => (await read(own, id))['waits_until'], { timeout: TIMEOUT_MS, interval: 50 }).not.toBeNull();
  await becomes(own, id, { status: 'sending', counts: { delivered: 20, queued: 5 } });
  return id;
}

describe('a campaign from its draft to its end', () => {
  it('is written, changed, given recipients, tested on a few and sent; its counts add up at every step', async () => {
    const own = await space();
    const id = await draft(own);
    expect(await read(own, id)).toMatchObject({
      status: 'draft',
      name: null,
      recipients: 0,
      moves: ['change', 'test', 'schedule', 'cancel'],
    });
    const changed = await own.ask(`/${id}`, { method: 'PATCH', body: { name: 'Spring', html: '<p>{{name}}</p>', text: null } });
    expect([changed.status, changed.json]).toMatchObject([200, { name: 'Spring', html: '<p>{{name}}</p>', text: null }]);
    const list = [
      { email: 'Ann@Example.com', data: { name: 'Ann' } },
      { email: 'nobody' },
      { email: 'ann@example.com' },
      { email: 'bob@example.com', data: { name: 7 } },
    ];
    const added = await own.ask(`/${id}/recipients`, { body: list });
    expect([added.status, added.json]).toMatchObject([
      201,
      { added: 2, duplicates: 1, invalid: 1, invalid_shown: [{ index: 1, email: 'nobody' }], recipients: 2 },
    ]);
    const tested = await own.ask(`/${id}/test`, { body: { to: ['me@example.com', 'ME@example.com', 'you@example.com'] } });
    expect([tested.status, tested.json]).toMatchObject([200, { sent: 2, refused: 0, unconfirmed: 0, local: true }]);
    expect(await read(own, id)).toMatchObject({ status: 'draft', recipients: 2, counts: { queued: 2, delivered: 0 } });
    const scheduled = await own.ask(`/${id}/schedule`, { body: {} });
    expect([scheduled.status, scheduled.json]).toMatchObject([202, { status: 'sending', scheduled_at: null, accepted: 2 }]);
    await becomes(own, id, { status: 'sent', moves: [], counts: { delivered: 2, queued: 0 } });
    const { messages } = (await own.ask('/mailbox')).json as unknown as { messages: Record<string, string>[] };
    const subjects = messages.map(({ to, subject, text }) => `${to}: ${subject}, ${text}`).toSorted();
    expect(subjects).toEqual([
      'ann@example.com: Hello Ann, Ann',
      'bob@example.com: Hello 7, 7',
      'me@example.com: Hello Ann, Ann',
      'you@example.com: Hello Ann, Ann',
    ]);
  });

  it('waits for its time, by the clocks of its workspace; it can be given another, and a time that is past is refused', async () => {
    const own = await space({ timezone: 'Asia/Kathmandu' });
    const id = await draft(own, 3);
    const hour = now().add({ hours: 1 });
    const local = hour.toZonedDateTimeISO('Asia/Kathmandu').toPlainDateTime().toString({ smallestUnit: 'minute' });
    for (const at of [
      'soon',
      now().toString(),
      now().subtract({ hours: 1 }).toString(),
      now()
        .add({ hours: 24 * 400 })
        .toString(),
    ]) {
      const refused = await own.ask(`/${id}/schedule`, { body: { at } });
      expect([at, refused.status, refused.json.code]).toEqual([at, 400, 'invalid_request']);
    }
    const first = await own.ask(`/${id}/schedule`, { body: { at: now().add({ hours: 48 }).toString() } });
    expect([first.status, first.json.status]).toEqual([202, 'scheduled']);
    const second = await own.ask(`/${id}/schedule`, { body: { at: local } });
    const { scheduled_at, job_id } = await read(own, id);
    expect(job_id).toBe(second.json.job_id);
    expect(hour.since(Temporal.Instant.from(scheduled_at)).total('seconds')).toBeLessThan(60);
    const jobOf = async (job: string) => (await own.ask(`/../jobs/${job}`)).json.status as unknown as string;
    expect([await jobOf(first.json.job_id), await jobOf(second.json.job_id)]).toEqual(['cancelled', 'queued']);
    expect((await own.ask(`/${id}`, { method: 'PATCH', body: { subject: 'Later' } })).status).toBe(200);
    const bare = await own.ask(`/${id}`, { method: 'PATCH', body: { text: null } });
    expect([bare.status, bare.json.code]).toEqual([400, 'invalid_request']);
    await server.admin('/api/admin/clock', { body: { now: hour.add({ minutes: 1 }).toString() } });
    await becomes(own, id, { status: 'sent', subject: 'Later', counts: { delivered: 3 } });
  });

  it('is paused within a slice, and goes on where it was when it is resumed: nobody is written to twice', async () => {
    const own = await space();
    const id = await draft(own, 130);
    const at_hold = new Promise<void>((resolve) => (reached = resolve));
    let release = (): void => {};
    hold = new Promise((resolve) => (release = resolve));
    await own.ask(`/${id}/schedule`, post);
    await at_hold;
    const paused = await own.ask(`/${id}/pause`, post);
    expect([paused.status, paused.json]).toMatchObject([200, { status: 'paused', moves: ['resume', 'cancel'] }]);
    hold = undefined;
    release();
    const { job_id } = await read(own, id);
    const ended = async () => (await own.ask(`/../jobs/${job_id}`)).json.status as unknown as string;
    await expect.poll(ended, { timeout: TIMEOUT_MS, interval: 50 }).toBe('succeeded');
    expect(await read(own, id)).toMatchObject({ status: 'paused', counts: { delivered: 50, queued: 80 } });
    const resumed = await own.ask(`/${id}/resume`, post);
    expect([resumed.status, resumed.json.status]).toEqual([202, 'sending']);
    await becomes(own, id, { status: 'sent', counts: { delivered: 130, queued: 0 } });
  });

  it('is cancelled as a draft, at its time, or under way: whoever still waits is refused', async () => {
    const own = await space(FEW);
    const [one, two] = [await draft(own, 2), await draft(own, 2)];
    await own.ask(`/${two}/schedule`, { body: { at: now().add({ hours: 5 }).toString() } });
    for (const id of [one, two]) {
      const cancelled = await own.ask(`/${id}/cancel`, post);
      expect([cancelled.status, cancelled.json]).toMatchObject([
        200,
        { status: 'cancelled', moves: [], counts: { refused: 2, queued: 0 } },
      ]);
    }
    const under_way = await waiting(own);
    expect((await own.ask(`/${under_way}/pause`, post)).status).toBe(200);
    await own.ask(`/${under_way}/cancel`, post);
    expect(await read(own, under_way)).toMatchObject({ status: 'cancelled', counts: { delivered: 20, refused: 5, queued: 0 } });
    const { rows } = await server.database.pool.query(
      `select distinct reason from campaigns.recipient where workspace_id = $1 and state = 'refused'`,
      [own.id],
    );
    expect(rows).toEqual([{ reason: 'cancelled' }]);
  });

  it('is cancelled when the job that waits for its time is', async () => {
    const own = await space();
    const id = await draft(own, 2);
    const { json } = await own.ask(`/${id}/schedule`, { body: { at: now().add({ hours: 5 }).toString() } });
    expect((await own.ask(`/../jobs/${json.job_id}/cancel`, post)).status).toBe(200);
    await becomes(own, id, { status: 'cancelled', counts: { refused: 2, queued: 0 } });
  });

  it('refuses in each state what cannot be done in it, with the state and what can', async () => {
    const own = await space();
    const scheduled = await draft(own, 1);
    await own.ask(`/${scheduled}/schedule`, { body: { at: now().add({ hours: 5 }).toString() } });
    const cancelled = await draft(own, 1);
    await own.ask(`/${cancelled}/cancel`, post);
    const sent = await draft(own, 1);
    await own.ask(`/${sent}/schedule`, post);
    await becomes(own, sent, { status: 'sent' });
    const other = await space(FEW);
    const [sending, third] = [await waiting(other), await space(FEW)];
    const paused = await waiting(third);
    await third.ask(`/${paused}/pause`, post);
    const asked: Record<string, (own: Space, id: string) => Promise<Answered>> = {
      change: ({ ask }, id) => ask(`/${id}`, { method: 'PATCH', body: { subject: 'S' } }),
      recipients: ({ ask }, id) => ask(`/${id}/recipients`, { body: addresses(1) }),
      test: ({ ask }, id) => ask(`/${id}/test`, { body: { to: ['me@example.com'] } }),
      schedule: ({ ask }, id) => ask(`/${id}/schedule`, post),
      pause: ({ ask }, id) => ask(`/${id}/pause`, post),
      resume: ({ ask }, id) => ask(`/${id}/resume`, post),
      cancel: ({ ask }, id) => ask(`/${id}/cancel`, post),
    };
    const refusedIn = {
      draft: [own, await draft(own, 1), ['pause', 'resume']],
      scheduled: [own, scheduled, ['pause', 'resume']],
      sending: [other, sending, ['change', 'recipients', 'test', 'schedule', 'resume']],
      paused: [third, paused, ['change', 'recipients', 'test', 'schedule', 'pause']],
      sent: [own, sent, Object.keys(asked)],
      cancelled: [own, cancelled, Object.keys(asked)],
    } as const;
    for (const [state, [of, id, moves]] of Object.entries(refusedIn))
      for (const move of moves) {
        const { status, json } = await asked[move]!(of, id);
        expect([state, move, status, json.code]).toEqual([state, move, 409, 'campaign_state']);
        expect(json.detail).toMatch(new RegExp(`^the campaign is ${state} and cannot be .*; (?:possible now: |it is over)`, 'u'));
      }
  });
});

describe('recipients of a file', () => {
  const HEADER = 'Name;E-Mail;City;Größe';

  it('are read with a byte order mark, semicolons, quotes and any line ends; repeats, and what is no address, are counted and shown', async () => {
    const own = await space();
    const id = await draft(own);
    const bad = Array.from({ length: 25 }, (_, index) => `X;no address ${index};;`);
    const lines = [
      `\u{FEFF}${HEADER}`,
      '"Ann ""the one"" Lee";ANN@example.com;"Old\r\nTown";1',
      'Ann;ann@example.com;;',
      ';;;',
      '',
      'Bob;bob@example.com',
      ...bad,
      'Eve;eve@example.com;Bonn;;;',
    ];
    const answer = await own.ask(`/${id}/recipients`, csv(lines.join('\r\n')));
    expect([answer.status, answer.json]).toMatchObject([
      201,
      { added: 3, duplicates: 1, invalid: 25, ignored_columns: ['Größe'], recipients: 3 },
    ]);
    const shown = answer.json as unknown as { invalid_shown: { line: number; email: string }[] };
    expect(shown.invalid_shown).toHaveLength(20);
    expect(shown.invalid_shown[0]).toEqual({ line: 8, email: 'no address 0' });
    const { rows } = await server.database.pool.query(
      'select email, data from campaigns.recipient where campaign_id = $1 order by position',
      [id],
    );
    expect(rows).toEqual([
      { email: 'ann@example.com', data: { Name: 'Ann "the one" Lee', City: 'Old\r\nTown' } },
      { email: 'bob@example.com', data: { Name: 'Bob' } },
      { email: 'eve@example.com', data: { Name: 'Eve', City: 'Bonn' } },
    ]);
    const again = await own.ask(`/${id}/recipients`, csv('email\nbob@example.com\nkim@example.com'));
    expect(again.json).toMatchObject({ added: 1, duplicates: 1, recipients: 4 });
  });

  it('are all refused for one row that cannot be taken, which is named by its line', async () => {
    const own = await space();
    const id = await draft(own);
    const many = Array.from({ length: 5_000 }, (_, index) => `r${index}@example.com,N`).join('\n');
    for (const [text, words] of [
      [`email,name\n${many}\nz@example.com,N,too,many`, 'line 5002: got 4 columns, want 2'],
      [`email,name\na@example.com,${'x'.repeat(2_001)}`, 'line 2: "name" has 2001 characters, want 2000'],
      [`email,name\na@example.com,${','.repeat(70_000)}`, 'line 2: it is longer than 65536 bytes'],
      [`email,name\na@example.com,"${'x\n'.repeat(70_000)}`, 'the row after line 1: it is longer than 65536 bytes'],
      ['email,name\na@example.com,"open', 'the row after line 1: a quote in it is not closed'],
      ['email,name\na@example.com,a "b" c', 'the row after line 1: a quote stands within a value'],
      ['name,city\nAnn,Bonn', 'want a column named "email", got "name", "city"'],
      ['email,E-Mail\na@example.com,b@example.com', 'one column named "email"'],
      ['email,first name,First_name,first_name\n', '"first_name" twice'],
      [`email,${Array.from({ length: 51 }, (_, index) => `f${index}`).join(',')}`, 'got 52 columns, want 51'],
      ['', 'it is empty'],
      [new Uint8Array([...Buffer.from('email\n'), 0xe9, 0x40]), 'it is not UTF-8'],
    ] as const) {
      const refused = await own.ask(`/${id}/recipients`, csv(text));
      expect([words, refused.status, refused.text]).toEqual([words, 400, expect.stringContaining(words.replaceAll('"', '\\"'))]);
    }
    expect(await read(own, id)).toMatchObject({ recipients: 0 });
  });

  it('come packed as well, and once under a key of idempotency', async () => {
    const own = await space();
    const id = await draft(own);
    const text = `email,name\n${Array.from({ length: 3_000 }, (_, index) => `r${index}@example.com,N`).join('\n')}`;
    const key = { 'idempotency-key': 'file-1' };
    const packed = { ...csv(gzipSync(text), { 'content-encoding': 'gzip', ...key }) };
    const first = await own.ask(`/${id}/recipients`, packed);
    expect([first.status, first.json]).toMatchObject([201, { added: 3_000, duplicates: 0 }]);
    const again = await own.ask(`/${id}/recipients`, packed);
    expect([again.status, again.headers.get('idempotency-replayed'), again.json]).toEqual([201, 'true', first.json]);
    const another = await own.ask(`/${id}/recipients`, csv('email\nx@example.com', key));
    expect([another.status, another.json.code]).toEqual([422, 'idempotency_mismatch']);
    const form = await own.ask(`/${id}/recipients`, csv('a=b', { 'content-type': 'application/x-www-form-urlencoded' }));
    expect([form.status, form.text]).toEqual([415, expect.stringContaining('want application/json or text/csv')]);
  });
});

describe('campaigns', () => {
  it('of another workspace are not there, whatever is asked of them', async () => {
    const [one, other] = [await space(), await space()];
    const id = await draft(one, 1);
    const asked: [string, Asked?][] = [
      [''],
      ['', { method: 'PATCH', body: { subject: 'Mine' } }],
      ['/recipients', { body: addresses(1) }],
      ['/recipients', csv('email\na@example.com')],
      ['/test', { body: { to: ['me@example.com'] } }],
      ...['schedule', 'pause', 'resume', 'cancel'].map((move): [string, Asked] => [`/${move}`, post]),
    ];
    for (const [path, options] of asked) {
      const { status, json } = await other.ask(`/${id}${path}`, options);
      expect([path, status, json.code]).toEqual([path, 404, 'not_found']);
      expect((await other.ask(`/nothing${path}`, options)).status).toBe(404);
    }
    expect((await other.ask('')).json.campaigns).toEqual([]);
    expect(await read(one, id)).toMatchObject({ status: 'draft', recipients: 1, subject: MESSAGE.subject });
  });

  it('are refused by name where something is missing or wrong', async () => {
    const own = await space();
    const empty = await draft(own, 0, { text: undefined });
    const ready = await draft(own, 1);
    const { key } = await server.workspace('PRO');
    expect((await server.ask('/api/suppressions', { key, body: { emails: ['gone@example.com'] } })).status).toBe(200);
    await own.ask('/../suppressions', { body: { emails: ['gone@example.com'] } });
    for (const [path, options, status, words] of [
      ['', { body: { text: 'T' } }, 400, 'subject'],
      ['', { body: { subject: 'S', name: '' } }, 400, 'name'],
      ['', { body: { subject: 'S', text: 'x'.repeat(90_001) } }, 422, '90001 bytes'],
      ['', { body: { subject: 'S', recipients: [] } }, 400, 'recipients'],
      [`/${empty}/schedule`, post, 400, 'neither html nor text'],
      [`/${empty}/test`, { body: { to: ['me@example.com'] } }, 400, 'neither html nor text'],
      [`/${ready}`, { method: 'PATCH', body: { status: 'sent' } }, 400, 'status'],
      [`/${ready}`, { method: 'PATCH', body: { html: 'x'.repeat(90_000) } }, 422, 'bytes'],
      [`/${ready}/test`, { body: { to: [] } }, 400, 'to'],
      [`/${ready}/test`, { body: { to: addresses(6).map(({ email }) => email) } }, 400, 'to'],
      [`/${ready}/test`, { body: { to: ['gone@example.com'] } }, 400, 'gone@example.com'],
      [`/${ready}/schedule`, { body: { when: 'now' } }, 400, 'when'],
      [`/${ready}/recipients`, { body: [] }, 400, 'at least 1'],
      [`/${ready}/recipients`, { body: { email: 'a@example.com' } }, 400, 'array'],
    ] as const) {
      const refused = await own.ask(path, options);
      expect([path, words, refused.status, refused.text]).toEqual([path, words, status, expect.stringContaining(words)]);
    }
    await own.ask(`/${empty}`, { method: 'PATCH', body: { html: '<p>Hi</p>' } });
    const nobody = await own.ask(`/${empty}/schedule`, post);
    expect([nobody.status, nobody.text]).toEqual([400, expect.stringContaining('no recipients')]);
  });

  it('are begun, and sent, once under a key of idempotency; a quota that is used up refuses them', async () => {
    const own = await space(FEW);
    const headers = { 'idempotency-key': 'begin' };
    const [first, again] = [await own.ask('', { body: MESSAGE, headers }), await own.ask('', { body: MESSAGE, headers })];
    expect([first.status, again.status, again.json]).toEqual([201, 201, first.json]);
    expect((await own.ask('')).json.campaigns).toHaveLength(1);
    await own.ask(`/${first.json.id}/recipients`, { body: addresses(20) });
    const send = { ...post, headers: { 'idempotency-key': 'send' } };
    const [sent, repeated] = [
      await own.ask(`/${first.json.id}/schedule`, send),
      await own.ask(`/${first.json.id}/schedule`, send),
    ];
    expect([sent.status, repeated.status, repeated.json]).toEqual([202, 202, sent.json]);
    await becomes(own, first.json.id, { status: 'sent', counts: { delivered: 20 } });
    const tested = { body: { to: ['me@example.com'] } };
    const late = await draft(own, 1);
    for (const path of [`/${late}/schedule`, `/${late}/test`]) {
      const refused = await own.ask(path, path.endsWith('test') ? tested : post);
      expect([path, refused.status, refused.json.code]).toEqual([path, 429, 'quota_exceeded']);
    }
    expect(await read(own, late)).toMatchObject({ status: 'draft' });
  });

  it('are counted by state as their recipients are', async () => {
    const { rows } = await server.database.pool.query(
      `with told as (
         select campaign_id, v.state, v.count from campaigns.recipient_count n, lateral (values
           ('queued', n.queued), ('delivered', n.delivered), ('refused', n.refused), ('sending', n.sending)) v (state, count) where v.count > 0),
       counted as (select campaign_id, state, count(*)::integer as count from campaigns.recipient group by 1, 2)
       (table told except table counted) union all (table counted except table told)`,
    );
    expect(rows).toEqual([]);
  });
});
