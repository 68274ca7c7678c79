import type { Clock, OffsetClock } from '@purser/core';
import type { Pool } from '@purser/database';
import type { Settings, TrustedProxies } from '@purser/settings';
import type { Catalog, ModelEntry } from '@purser/catalog';
import type { Gate } from '@purser/gate';
import type { Authentication, Credentials, Identity, Workspace } from '@purser/identity';
import type { Jobs, JobWatcher } from '@purser/jobs';
import type { Licenses } from '@purser/license';
import type { Marketplace } from '@purser/marketplace';
import type { Meters } from '@purser/meters';
import type { Policies, Policy } from '@purser/policy';
import type { PrivacyParts } from '@purser/privacy';
import type { RouteOverview } from '@purser/routing';
import type { MemberMeters, PeriodOpener } from '@purser/wallet';
import type { Log } from '@purser/log';
import type { Bounds, Site } from '@purser/http';
import type { Metrics } from '@purser/metrics';

/** Everything the endpoints need; `compose` makes it from settings, tests from a test database. */
export interface ServerDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly bounds: Bounds;
  /** For the books and the tenants; the gate has its own. */
  readonly pool: Pool;
  readonly gate: Gate;
  /** The version this server was started with: what is for sale now. */
  readonly catalog: Catalog;
  readonly meters: Meters;
  /** What a workspace may do at that instant, on the catalog version it bought. */
  readonly policyOf: (workspace: Workspace, now: Temporal.Instant) => Policy;
  /** The same for a workspace that did not call, and what holds for the whole installation. */
  readonly policies: Policies;
  /** Begins its billing period if that has not begun: a new workspace has its credits before its first call. */
  readonly openPeriod: PeriodOpener;
  /** What is allocated to members and teams. */
  readonly members: MemberMeters;
  readonly licenses: Licenses;
  readonly identity: Identity;
  readonly authenticate: (credentials: Credentials) => Authentication;
  /** Ids of the providers that have a key or an address. */
  readonly providers_configured: readonly string[];
  /** The same, with `offline` when it may answer for plans that none of them serves. */
  readonly providers_callable: ReadonlySet<string>;
  /** Whether a model may be called now, and why not. */
  readonly routeTo: (model: ModelEntry) => RouteOverview;
  /** Present only when the clock may be moved (`PURSER_TEST_CLOCK`). */
  readonly test_clock?: OffsetClock;
  /** Built files of the web client; absent: the API alone. */
  readonly web_directory?: string;
  /** What the world calls this installation: redirects, letters and payment pages lead there. */
  readonly site: Site;
  /** Browser apps of these origins may call. */
  readonly allowed_origins: readonly string[];
  /** Whose `X-Forwarded-*` is believed; undefined: nobody's. */
  readonly trust_proxy: TrustedProxies | undefined;
  /** Whether everything a call needs is there right now. */
  readonly ready: () => Promise<boolean>;
  /** Which addresses alerts may be sent to. */
  readonly alert_ways: { readonly mail_possible: boolean; readonly private_allowed: boolean };
  readonly metrics: Metrics;
  readonly marketplace: Marketplace;
  /** Who writes where a campaign names no sender. */
  readonly campaign_sender: string;
  /** Whose events of SES are believed. */
  readonly ses_events: Settings['ses_events'];
  /** With what sender domains are checked. */
  readonly sender_domains: { readonly ses: Settings['carriers']['ses']; readonly dns_servers: readonly string[] };
  /** Where work that takes time is put in, and followed. */
  readonly jobs: Jobs;
  readonly jobWatcher: JobWatcher;
  /** What an erasure works with. */
  readonly erasing: PrivacyParts;
  /** How long things are kept that have their time. */
  readonly keep: Settings['keep'];
  /** The settings of a module, by their table. */
  readonly settingsOf: Settings['of'];
}
