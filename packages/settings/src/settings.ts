import { z } from 'zod';

import { assert, Fault } from '@purser/core';
import {
  address,
  atLeast,
  database,
  flag,
  oneOf,
  secret,
  secretLike,
  startOfClock,
  type TestClockSetting,
  text,
  whole,
} from './kinds.ts';
import { origins, site, webClient } from './origins.ts';
import { proxies, type TrustedProxies } from './proxies.ts';
import { mistakesIn, type SettingsTable } from './table.ts';
import {
  PROVIDER_NAMES,
  PROVIDER_SETTINGS,
  type ProviderName,
  type ProviderSettings,
  providerSettings,
  upstreamNames,
  upstreamSettings,
} from './upstreams.ts';

const http = address('an address like https://host/path', ['http:', 'https:']);

const DNS_SERVERS =
  /^(?:[\d.]+(?::\d{1,5})?|\[[\da-f:]+\](?::\d{1,5})?)(?:,(?:[\d.]+(?::\d{1,5})?|\[[\da-f:]+\](?::\d{1,5})?))*$/i;
const TOPICS = /^arn:aws[\w-]*:sns:[a-z\d-]+:\d{12}:[\w.-]+(?:,arn:aws[\w-]*:sns:[a-z\d-]+:\d{12}:[\w.-]+)*$/;

/** Every setting by its name in the environment, with what it wants and what it is when unset. */
const Environment = z.object({
  PORT: whole(0, 65_535).default(4780),
  HOST: text('a host name or an IP address', /^[^\s/]+$/).default('127.0.0.1'),
  PURSER_DATA: text('a folder').default('.purser'),
  PURSER_MARKS: text('a folder').optional(),
  PURSER_CATALOG: text('a YAML file').default('catalogs/default.yaml'),
  PURSER_ADMIN_TOKEN: atLeast(8).optional(),
  DATABASE_URL: database().optional(),
  DATABASE_ROLES_PASSWORD: secretLike(/^[\x21-\x7e]{8,200}$/, 'at least 8 printable characters, without spaces').optional(),
  REDIS_URL: address('redis://host:port', ['redis:', 'rediss:', 'unix:'], 'secret').optional(),
  NATS_URL: address('nats://host:port', ['nats:', 'tls:', 'ws:', 'wss:'], 'secret').optional(),
  PURSER_TEST_CLOCK: startOfClock().optional(),
  PURSER_ALLOW_UNPROVEN_CATALOG: flag().default(false),
  PURSER_CALL_TIMEOUT_MS: whole(100, 600_000).default(30_000),
  PURSER_OFFLINE_PROVIDER: flag().optional(),
  PURSER_QUEUE_MAX: whole(1, 1_000_000).default(2_048),
  PURSER_SERVERS_MAX: whole(1, 1_000).default(4),
  PURSER_TRUST_PROXY: proxies().optional(),
  PURSER_PUBLIC_URL: site().optional(),
  PURSER_WEB_URL: webClient().optional(),
  PURSER_ALLOWED_ORIGINS: origins().default([]),
  PURSER_FREE_STARTS_PER_ADDRESS: whole(0, 1_000_000).default(5),
  PURSER_KEEP_ANSWERS_DAYS: whole(1, 3_650).default(30),
  PURSER_KEEP_PAYLOADS_DAYS: whole(1, 3_650).default(90),
  PURSER_KEEP_ALERTS_DAYS: whole(1, 3_650).default(400),
  PURSER_KEEP_JOBS_DAYS: whole(1, 3_650).default(30),
  PURSER_WORKER_SLOTS: whole(0, 1_000).default(8),
  PURSER_NATS_NAME: text('letters, digits, - and _', /^[\w-]{1,60}$/).default('purser'),
  PURSER_LOG_LEVEL: oneOf(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  PURSER_UPSTREAMS: upstreamNames().default([]),
  OPENAI_ADMIN_KEY: secret().optional(),
  ANTHROPIC_ADMIN_KEY: secret().optional(),
  SMTP_URL: address('smtp://user:password@host:port', ['smtp:', 'smtps:'], 'secret').optional(),
  PURSER_MAIL_FROM: text('an e-mail address, or Name <address>', /^[^\r\n]*[^\s@<>]+@[^\s@<>]+>?$/).default(
    'Purser <purser@localhost>',
  ),
  SES_REGION: text('a region of AWS such as eu-central-1', /^[a-z]{2}(?:-[a-z]+)+-\d$/).optional(),
  SES_ACCESS_KEY_ID: secret().optional(),
  SES_SECRET_ACCESS_KEY: secret().optional(),
  SES_ENDPOINT: http.optional(),
  SES_CONFIGURATION_SET: text('the name of a configuration set', /^[\w-]{1,64}$/).optional(),
  SES_TOPIC_ARN: text(
    'ARNs of SNS topics with commas between them, such as arn:aws:sns:eu-central-1:123456789012:ses',
    TOPICS,
  ).optional(),
  SNS_ENDPOINT: http.optional(),
  PURSER_DNS_SERVERS: text(
    'addresses of DNS servers with commas between them, such as 192.0.2.53,192.0.2.54:5353',
    DNS_SERVERS,
  ).optional(),
  MAILRELAY_SMTP_URL: address('smtp://user:password@host:port', ['smtp:', 'smtps:'], 'secret').optional(),
  PURSER_WEBHOOKS_INSIDE: flag().default(false),
  STRIPE_SECRET_KEY: secretLike(/^[sr]k_/, 'a secret or restricted key of Stripe (sk_… or rk_…)').optional(),
  STRIPE_WEBHOOK_SECRET: secretLike(/^whsec_/, 'the signing secret of a Stripe webhook (whsec_…)').optional(),
  STRIPE_BASE_URL: http.optional(),
  STRIPE_AUTOMATIC_TAX: flag().default(false),
});

/** The name of every setting that the program reads. */
export const SETTINGS: readonly string[] = [...Object.keys(Environment.shape), ...PROVIDER_SETTINGS];

/** Names that belong to the test run, not to the program. */
const FOREIGN = new Set([
  'PURSER_TEST_DATABASE_URL',
  'PURSER_REQUIRE_SERVICES',
  'PURSER_TEST_START',
  'PURSER_TEST_BEGAN_MS',
  'PURSER_TEST_EXTENDED',
  'PURSER_TEST_PAGE_IS_BUILT',
]);

export interface SesSettings {
  readonly region: string;
  readonly access_key_id: string;
  readonly secret_access_key: string;
  /** Undefined: Amazon's own for the region. */
  readonly endpoint: string | undefined;
  /** Under which SES publishes what becomes of messages. */
  readonly configuration_set: string | undefined;
}

/** Where SES tells what becomes of messages. */
export interface SesEventSettings {
  /** ARNs of the topics that are believed; none: no event is taken. */
  readonly topics: readonly string[];
  /** An emulator in place of Amazon SNS; undefined: Amazon's own. */
  readonly endpoint: string | undefined;
}

export interface Settings {
  readonly port: number;
  readonly host: string;
  /** As given: a relative path counts from the working folder. */
  readonly data_folder: string;
  /** A second place for marks of the books, beside `marks` in the data folder. */
  readonly marks_folder: string | undefined;
  readonly catalog_file: string;
  /** Undefined: to be generated and printed. */
  readonly admin_token: string | undefined;
  /** Undefined: the embedded database. */
  readonly database_url: string | undefined;
  /** With what the roles that serve log in; undefined: with what follows from the password in `database_url`. */
  readonly database_roles_password: string | undefined;
  /** Undefined: sessions and rate windows in the process. */
  readonly redis_url: string | undefined;
  readonly nats_url: string | undefined;
  /** Present when the clock may be moved forward. */
  readonly test_clock: TestClockSetting | undefined;
  /** Start though a plan can fall below its margin. */
  readonly allow_unproven_catalog: boolean;
  readonly call_timeout_ms: number;
  /** Whether the offline provider may answer for plans that no configured provider serves; undefined: as long as none is configured at all. */
  readonly offline_provider: boolean | undefined;
  /** How many calls may wait before more are turned away as `overloaded`. */
  readonly queue_max: number;
  /** How many servers there may be at most: while Redis is away each grants 1/servers of every rate limit. */
  readonly servers_max: number;
  /** Whose `X-Forwarded-*` is believed; undefined: nobody's. */
  readonly trust_proxy: TrustedProxies | undefined;
  /** The origin the world calls this installation by, where links in letters lead; undefined: host and port. */
  readonly public_url: string | undefined;
  /** The origin of a web client that is served from elsewhere; undefined: this installation serves it. */
  readonly web_url: string | undefined;
  /** Browser apps of these origins may call; none unless it is said. */
  readonly allowed_origins: readonly string[];
  /** Free workspaces that one address may start without a mailbox, in 30 days. */
  readonly free_starts_per_address: number;
  /** How long things are kept that have their time. */
  readonly keep: {
    readonly answers_days: number;
    readonly payloads_days: number;
    readonly alerts_days: number;
    readonly jobs_days: number;
  };
  /** Jobs that this process runs at once; 0: it runs none. */
  readonly worker_slots: number;
  /** Of the stream and the subjects on NATS. */
  readonly nats_name: string;
  readonly log_level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';
  /** By the names of the catalog: those that are known, and those of `PURSER_UPSTREAMS`. */
  readonly providers: Readonly<Record<ProviderName, ProviderSettings> & Record<string, ProviderSettings>>;
  /** With what providers are asked what they billed: admin keys of the organization, which make no calls. */
  readonly cost_keys: { readonly openai: string | undefined; readonly anthropic: string | undefined };
  /** Mail to people; without an address of a mail server none is sent. */
  readonly mail: { readonly smtp_url: string | undefined; readonly from: string };
  /** What brings campaigns to mailboxes; undefined: not set up. */
  readonly carriers: { readonly ses: SesSettings | undefined; readonly mailrelay_smtp_url: string | undefined };
  readonly ses_events: SesEventSettings;
  /** Who is asked for the records of sender domains; none: the servers of this machine. */
  readonly dns_servers: readonly string[];
  /** Webhooks may go to private addresses, and over http. */
  readonly webhooks_inside: boolean;
  /** Payments; without a key nothing is for sale, without a webhook secret no payment is believed. */
  readonly stripe: {
    readonly secret_key: string | undefined;
    readonly webhook_secret: string | undefined;
    readonly base_url: string | undefined;
    readonly automatic_tax: boolean;
  };
  /** Names that look like settings of ours and are none: a slip of the pen worth a warning. */
  readonly unknown: readonly string[];
  /** Those of a module. @throws BrokenInvariant when its table was not given to be parsed. */
  readonly of: <Values>(table: SettingsTable<Values>) => Values;
}

/**
 * Parses settings out of an environment: those of the platform, and those that modules add. An empty value counts as unset.
 * @throws Fault with one line: each wrong setting, what it got (unless it is a secret) and what it wants.
 */
export function parseSettings(
  environment: Readonly<Record<string, string | undefined>>,
  tables: readonly SettingsTable[] = [],
): Settings {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== undefined && value.trim() !== ''));
  assertOnce([SETTINGS, ...tables.map(({ names }) => names)].flat());
  const parsed = Environment.safeParse(given);
  const added = new Map(tables.map((table) => [table, table.parse(given)]));
  const wrongProviders: string[] = [];
  const providers = providersIn(given, parsed.data?.PURSER_UPSTREAMS ?? [], wrongProviders);
  const mistakes = [
    ...(parsed.success ? [] : mistakesIn(parsed.error)),
    ...wrongProviders,
    ...[...added.values()].flatMap((values) => ('mistakes' in values ? values.mistakes : [])),
  ];
  if (!parsed.success || mistakes.length > 0) throw new Fault(`wrong setting: ${mistakes.join('; ')}`, { retryable: false });
  const names = new Set([...SETTINGS, ...tables.flatMap((table) => table.names), ...FOREIGN]);
  const known = parsed.data;
  return {
    ...platformOf(known),
    providers,
    unknown: Object.keys(given).filter((name) => name.startsWith('PURSER_') && !names.has(name)),
    of<Values>(table: SettingsTable<Values>): Values {
      const values = added.get(table);
      assert(values !== undefined && 'values' in values, `the settings ${table.names.join(', ')} were not read`);
      return values.values as Values;
    },
  };
}

type Platform = Omit<Settings, 'providers' | 'unknown' | 'of'>;

function platformOf(known: z.output<typeof Environment>): Platform {
  return {
    port: known.PORT,
    host: known.HOST,
    data_folder: known.PURSER_DATA,
    marks_folder: known.PURSER_MARKS,
    catalog_file: known.PURSER_CATALOG,
    admin_token: known.PURSER_ADMIN_TOKEN,
    database_url: known.DATABASE_URL,
    database_roles_password: known.DATABASE_ROLES_PASSWORD,
    redis_url: known.REDIS_URL,
    nats_url: known.NATS_URL,
    test_clock: known.PURSER_TEST_CLOCK,
    allow_unproven_catalog: known.PURSER_ALLOW_UNPROVEN_CATALOG,
    call_timeout_ms: known.PURSER_CALL_TIMEOUT_MS,
    offline_provider: known.PURSER_OFFLINE_PROVIDER,
    queue_max: known.PURSER_QUEUE_MAX,
    servers_max: known.PURSER_SERVERS_MAX,
    trust_proxy: known.PURSER_TRUST_PROXY,
    public_url: known.PURSER_PUBLIC_URL,
    web_url: known.PURSER_WEB_URL,
    allowed_origins: [...new Set([known.PURSER_WEB_URL ?? [], known.PURSER_ALLOWED_ORIGINS].flat())],
    free_starts_per_address: known.PURSER_FREE_STARTS_PER_ADDRESS,
    keep: {
      answers_days: known.PURSER_KEEP_ANSWERS_DAYS,
      payloads_days: known.PURSER_KEEP_PAYLOADS_DAYS,
      alerts_days: known.PURSER_KEEP_ALERTS_DAYS,
      jobs_days: known.PURSER_KEEP_JOBS_DAYS,
    },
    worker_slots: known.PURSER_WORKER_SLOTS,
    nats_name: known.PURSER_NATS_NAME,
    log_level: known.PURSER_LOG_LEVEL,
    cost_keys: { openai: known.OPENAI_ADMIN_KEY, anthropic: known.ANTHROPIC_ADMIN_KEY },
    mail: { smtp_url: known.SMTP_URL, from: known.PURSER_MAIL_FROM },
    carriers: { ses: sesOf(known), mailrelay_smtp_url: known.MAILRELAY_SMTP_URL },
    dns_servers: known.PURSER_DNS_SERVERS?.split(',') ?? [],
    ses_events: { topics: known.SES_TOPIC_ARN?.split(',') ?? [], endpoint: known.SNS_ENDPOINT },
    webhooks_inside: known.PURSER_WEBHOOKS_INSIDE,
    stripe: {
      secret_key: known.STRIPE_SECRET_KEY,
      webhook_secret: known.STRIPE_WEBHOOK_SECRET,
      base_url: known.STRIPE_BASE_URL,
      automatic_tax: known.STRIPE_AUTOMATIC_TAX,
    },
  };
}

function providersIn(
  given: Readonly<Record<string, string | undefined>>,
  upstreams: readonly string[],
  mistakes: string[],
): Settings['providers'] {
  const known = Object.fromEntries(PROVIDER_NAMES.map((name) => [name, providerSettings(name, given, mistakes)]));
  return { ...(known as Record<ProviderName, ProviderSettings>), ...upstreamSettings(upstreams, given, mistakes) };
}

/** All of it, or none: a key without its region is a slip. @throws Fault */
function sesOf(known: z.output<typeof Environment>): SesSettings | undefined {
  const { SES_REGION: region, SES_ACCESS_KEY_ID: id, SES_SECRET_ACCESS_KEY: key, SES_ENDPOINT: endpoint } = known;
  const configuration_set = known.SES_CONFIGURATION_SET;
  if (region !== undefined && id !== undefined && key !== undefined)
    return { region, access_key_id: id, secret_access_key: key, endpoint, configuration_set };
  const names = { SES_REGION: region, SES_ACCESS_KEY_ID: id, SES_SECRET_ACCESS_KEY: key };
  const missing = Object.entries(names).flatMap(([name, value]) => (value === undefined ? [name] : []));
  if (missing.length === 3 && endpoint === undefined && configuration_set === undefined) return undefined;
  throw new Fault(`wrong setting: ${missing.join(', ')}: got nothing, want what goes with the other SES_* settings`, {
    retryable: false,
  });
}

function assertOnce(names: readonly string[]): void {
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  assert(twice === undefined, `the setting ${twice} is defined twice`);
}
