import { RefusalError, refuse } from '@purser/core';
import { type Authority, type Caller, hasRole, type Person } from '@purser/identity';
import type { FastifyRequest } from 'fastify';

import { callerOf, workspaceOf } from './authenticate.ts';

/** How far the caller's word reaches among the members of its workspace. The founder's backend and an admin decide as an owner. */
export function authorityOf(request: FastifyRequest): Authority {
  const caller = callerOf(request);
  const { id } = workspaceOf(request);
  const role = caller.person?.memberships.get(id);
  return {
    actor: caller.actor,
    role: role ?? (decidesAsOwner(caller) ? 'owner' : 'member'),
    person_id: caller.person?.id ?? null,
  };
}

function decidesAsOwner(caller: Caller): boolean {
  return hasRole(caller, 'platform') || hasRole(caller, 'admin');
}

/** The person who calls, which only a session opened by one has. */
export function personOf(request: FastifyRequest): Person {
  const { person } = callerOf(request);
  if (person === undefined) throw new RefusalError(refuse('forbidden', 'keys cannot do this; sign in by e-mail'));
  return person;
}
