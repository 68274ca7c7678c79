import type { Allocation, Invitation, Member, MemberRole, Members, Session } from '@purser/api';
import { queryOptions } from '@tanstack/react-query';
import { change, get, newIdempotencyKey, post } from '../../../api/client.ts';

/** Of the reader’s own workspace, or of the one that an operator names. */
export function membersQuery(workspace_id?: string) {
  return queryOptions({
    queryKey: workspace_id === undefined ? ['members'] : ['admin', 'members', workspace_id],
    queryFn: ({ signal }) => get<Members>('/api/members', { signal, workspace_id }),
  });
}

export const invite = (email: string, role: MemberRole, workspace_id?: string): Promise<Invitation & { emailed: boolean }> =>
  post('/api/members/invitations', { email, role }, { idempotency_key: newIdempotencyKey(), workspace_id });

export const withdraw = (id: string, workspace_id?: string): Promise<void> =>
  change<void>('DELETE', `/api/members/invitations/${id}`, undefined, { workspace_id });

export const changeRole = (id: string, role: MemberRole, workspace_id?: string): Promise<Member> =>
  change<Member>('PATCH', `/api/members/${id}`, { role }, { workspace_id });

export const removeMember = (id: string, workspace_id?: string): Promise<Member> =>
  change<Member>('DELETE', `/api/members/${id}`, undefined, { workspace_id });

export const acceptInvitation = (id: string): Promise<Invitation> => post(`/api/members/invitations/${id}/accept`, undefined);

export const workIn = (workspace_id: string): Promise<Session> => change<Session>('PATCH', '/api/session', { workspace_id });

/** A letter with a link goes out; the answer is the same whether the mailbox is known or not. */
export const requestLink = (email: string, callbackURL: string): Promise<{ sent: true }> =>
  post('/api/auth/sign-in/magic-link', { email, callbackURL });

export function allocationsQuery(workspace_id?: string) {
  return queryOptions({
    queryKey: workspace_id === undefined ? ['allocations'] : ['admin', 'allocations', workspace_id],
    queryFn: async ({ signal }) =>
      (await get<{ allocations: readonly Allocation[] }>('/api/allocations', { signal, workspace_id })).allocations,
  });
}

export interface WantedAllocation {
  readonly kind: 'member' | 'team';
  readonly id: string;
  /** Null: whatever the workspace has. */
  readonly credits: number | null;
  /** Of a member. */
  readonly team?: string | null;
}

export const allocate = ({ kind, id, ...wanted }: WantedAllocation, workspace_id?: string): Promise<Allocation> =>
  change<Allocation>('PUT', `/api/${kind}s/${encodeURIComponent(id)}/allocation`, wanted, { workspace_id });
