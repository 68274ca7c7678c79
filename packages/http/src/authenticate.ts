import { type Refusal, RefusalError, refuse } from '@purser/core';
import { type Caller, type Credentials, hasRole, type Role, type Workspace } from '@purser/identity';
import type { FastifyContextConfig, FastifyRequest } from 'fastify';

import { changesFromElsewhere } from './same-origin.ts';
import type { Access } from './types.ts';

export const SESSION_COOKIE = 'purser_session';

/** What the request presents, or nothing; a change that another site's page made a browser send is refused. */
export function presentedCredentials(request: FastifyRequest): Credentials | Refusal | undefined {
  const { cookie } = request.headers;
  const authorization = request.headers.authorization ?? vendorKey(request);
  if (authorization === undefined) {
    if (cookie === undefined || !cookie.includes(`${SESSION_COOKIE}=`)) return undefined;
    if (changesFromElsewhere(request)) {
      return refuse('forbidden', 'a request with a session cookie must come from a page of the same origin');
    }
  }
  return {
    authorization,
    cookie: authorization === undefined ? cookie : undefined,
    purserWorkspace: single(request.headers['purser-workspace']),
    purserUser: spelled(single(request.headers['purser-user'])),
  };
}

/** Anthropic's clients send their key by a header of its own. */
function vendorKey({ url, headers }: FastifyRequest): string | undefined {
  const key = single(headers['x-api-key']);
  return key === undefined || !url.startsWith('/v1/') ? undefined : `Bearer ${key}`;
}

function single(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' ? header : undefined;
}

const UTF_8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const BEYOND_ASCII = /[\u0080-\u00FF]/u;

/**
 * A header's text as it was meant: Node reads each byte as a character of Latin-1, but nearly all clients send UTF-8.
 * Bytes that are no UTF-8 are Latin-1.
 */
function spelled(header: string | undefined): string | undefined {
  if (header === undefined || !BEYOND_ASCII.test(header)) return header;
  try {
    return UTF_8.decode(Buffer.from(header, 'latin1'));
  } catch {
    return header;
  }
}

const MANAGERS: readonly Role[] = ['manager', 'platform', 'admin'];
const NOT_YOURS_TO_SPEND = refuse('forbidden', 'an operator cannot spend in a customer’s workspace');
const NOT_A_MANAGER = refuse('forbidden', 'this needs an owner or admin of the workspace, signed in by e-mail');

/** Why this caller may not use a route, or nothing. A route that names nobody is closed to all. */
export function refusedAccess(caller: Caller, config: FastifyContextConfig): Refusal | undefined {
  return refusedPerson(caller, config) ?? refusedCaller(caller, config.access);
}

/** What a person may not, though it calls inside a workspace; a key of it is the workspace itself. */
function refusedPerson(caller: Caller, { spends, manages }: FastifyContextConfig): Refusal | undefined {
  if (caller.person === undefined || caller.workspace === undefined) return undefined;
  if (spends === true && !hasRole(caller, 'member')) return NOT_YOURS_TO_SPEND;
  return manages === true && !administers(caller) ? NOT_A_MANAGER : undefined;
}

function administers(caller: Caller): boolean {
  return MANAGERS.some((role) => hasRole(caller, role));
}

function refusedCaller(caller: Caller, access: Access | undefined): Refusal | undefined {
  switch (access) {
    case 'public':
    case 'signed_in':
      return undefined;
    case 'workspace':
      if (caller.workspace !== undefined) return undefined;
      return hasRole(caller, 'member')
        ? refuse('forbidden', 'this key belongs to no workspace')
        : refuse('invalid_request', 'want the header Purser-Workspace: the id, or the external_id, of the workspace to act for');
    case 'manager':
      if (caller.workspace === undefined) return refusedCaller(caller, 'workspace');
      return administers(caller) ? undefined : NOT_A_MANAGER;
    case 'admin':
      return hasRole(caller, 'admin') ? undefined : refuse('forbidden', 'this needs the admin token, or an operator');
    case undefined:
      return refuse('forbidden', 'this endpoint is closed');
  }
}

export const UNAUTHENTICATED = refuse(
  'unauthenticated',
  'want the header "authorization: Bearer <key>" with a workspace key, session token, platform key or the admin token',
);

/** The caller of a route that is not public. */
export function callerOf(request: FastifyRequest): Caller {
  if (request.caller === null) throw new RefusalError(UNAUTHENTICATED);
  return request.caller;
}

/** Who calls a public route; null: nobody. Who cannot be recognised for the moment is not taken for nobody. */
export function callerIfAny(request: FastifyRequest): Caller | null {
  if (request.unrecognised !== null) throw new RefusalError(request.unrecognised);
  return request.caller;
}

/** The workspace of a route with access `workspace`. */
export function workspaceOf(request: FastifyRequest): Workspace {
  const { workspace } = callerOf(request);
  if (workspace === undefined) throw new RefusalError(refuse('forbidden', 'this key belongs to no workspace'));
  return workspace;
}
