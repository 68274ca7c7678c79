import type { Refusal } from '@purser/core';
import type { Authentication, Caller, Credentials } from '@purser/identity';
import type { Log } from '@purser/log';
import type { TrustedProxies } from '@purser/settings';
import type { FastifyContextConfig, FastifyRequest } from 'fastify';

import type { Bounds } from './bounds.ts';
import type { Site } from './site.ts';
import type { Views } from './view.ts';

/** What an HTTP server is given; it decides nothing about money itself. */
export interface AppOptions {
  readonly log: Log;
  readonly bounds: Bounds;
  readonly site: Site;
  readonly allowed_origins: readonly string[];
  readonly trust_proxy: TrustedProxies | undefined;
  readonly views: Views;
  readonly authenticate: (credentials: Credentials) => Authentication;
  /** Why the feature that a route belongs to may not be used by this caller, or nothing. */
  readonly refusedFeature: (
    caller: Caller,
    request: FastifyRequest,
    feature: NonNullable<FastifyContextConfig['feature']>,
  ) => Refusal | undefined;
  /** Before a caller reads what calls have left behind: it reads at least what this server has answered. */
  readonly settled: () => Promise<void>;
  /** Asked when the bytes of a body are there and nothing has been made of them; `user` is the one the body names. */
  readonly beforeParsing: (
    request: FastifyRequest,
    user: string | undefined,
  ) => Refusal | undefined | Promise<Refusal | undefined>;
  /** A request was refused by something that was thrown; undefined: it is answered as it is. */
  readonly refused: (request: FastifyRequest, refusal: Refusal) => Promise<Refusal> | undefined;
  readonly answered: (route: string, method: string, status: number, seconds: number) => void;
}
