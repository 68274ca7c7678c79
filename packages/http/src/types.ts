import type { IncomingMessage, ServerResponse } from 'node:http';

import type { Refusal } from '@purser/core';
import type { View } from '@purser/catalog';
import type { Caller } from '@purser/identity';
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';

import type { AnonymousLimiter } from './anonymous-limiter.ts';
import type { Client } from './client.ts';

/**
 * Who may use a route.
 * - `public`: anyone; what it costs us is bounded elsewhere.
 * - `workspace`: whoever acts inside a workspace (its key, a session in it, a platform key that names it).
 * - `manager`: whoever administers a workspace (its owner or admin, a platform key or an admin that names it).
 * - `signed_in`: any valid credential.
 * - `admin`: the admin token, or a session that was opened with it.
 */
export type Access = 'public' | 'workspace' | 'manager' | 'signed_in' | 'admin';

export type App = FastifyInstance<RawServerDefault, IncomingMessage, ServerResponse, FastifyBaseLogger, ZodTypeProvider>;

/** One registered route, as the tests that walk every route see it. */
export interface RouteFacts {
  readonly method: string;
  readonly url: string;
  readonly access: Access | undefined;
  readonly spends: boolean;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** A route without it does not start: nobody forgets the check. */
    access?: Access;
    /** Its work costs money: it reaches a provider, and only through the gate. */
    spends?: boolean;
    /** It takes a form with files, and no other body. */
    uploads?: boolean;
    /** It changes what the workspace pays, or whom it tells: of persons, its owners and admins alone do. */
    manages?: boolean;
    /** The feature of the plan it belongs to: who has it not, or has not paid for it, is refused before the body is read. */
    feature?: string | ((request: FastifyRequest) => string);
  }
  interface FastifyInstance {
    /** Bounds what an address may ask without a valid credential where one is needed; routes that judge credentials themselves count on it. */
    anonymousLimiter: AnonymousLimiter;
  }
  interface FastifyRequest {
    /** Who called, by the connection and by what proxies of ours say. */
    client: Client;
    /** Whether it comes from a browser app of an allowed origin, which may read the answer. */
    origin_allowed: boolean;
    /** Why nobody can say who calls, on a public route: what knows it is away. */
    unrecognised: Refusal | null;
    /** Set before the body is read on every route that is not public. */
    caller: Caller | null;
    /** What this caller is shown of what work costs. */
    readonly view: View;
    /** SHA-256 (hex) of the body's bytes when an `Idempotency-Key` came with them. */
    body_sha256: string | null;
    /** The code a refused request was answered with, for the log and the figures. */
    outcome_code: string | null;
  }
}
