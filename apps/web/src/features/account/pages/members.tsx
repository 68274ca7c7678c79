import type { Person, Session } from '@purser/api';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { problemOf } from '../../../api/client.ts';
import { acceptInvitation, workIn } from '../api/members.ts';
import { sessionQuery } from '../../../api/queries.ts';
import { Allocations } from '../parts/allocations.tsx';
import { Button } from '../../../ui/button.tsx';
import { LinkForm } from '../parts/link-form.tsx';
import { People } from '../parts/people.tsx';
import { Refused } from '../../../ui/refused.tsx';
import { Empty, PageHead, Panel } from '../../../ui/states.tsx';
import { rich, t } from '../../../words/translate.ts';

/** Who works here, and for who signed in: where else one may work. */
export function MembersPage() {
  const session = useQuery(sessionQuery).data ?? undefined;
  if (session === undefined) return null;
  const here = session.kind === 'person' ? null : session.workspace;
  return (
    <>
      <PageHead title={t('Members')}>
        {t(
          'People sign in by a link in an email, without a password. What each of them does is counted and logged under their address.',
        )}
      </PageHead>
      <div className="grid gap-4 sm:gap-6">
        {here === null ? null : (
          <Panel title={here.name}>
            <Here session={session} />
          </Panel>
        )}
        {here !== null && manages(session) ? (
          <Panel title={t('Allocations')}>
            <Allocations />
          </Panel>
        ) : null}
        {session.person === undefined ? null : <You person={session.person} here={here?.id} />}
      </div>
    </>
  );
}

function manages({ person }: Session): boolean {
  return person?.role === 'owner' || person?.role === 'admin';
}

function Here({ session }: { readonly session: Session }) {
  const { person } = session;
  if (person === undefined)
    return (
      <>
        <People role="member" />
        <p className="mt-4 max-w-prose text-ink-soft">
          {t(
            'You are signed in by an API key, which can’t change members. Sign in by email as an owner or admin to invite others; the operator invites the first owner.',
          )}
        </p>
      </>
    );
  return <People role={person.role ?? 'member'} own_id={person.id} />;
}

function You({ person, here }: { readonly person: Person; readonly here: string | undefined }) {
  const client = useQueryClient();
  const go = useMutation({
    mutationFn: (act: () => Promise<unknown>) => act(),
    // Everything read so far was of another workspace.
    onSuccess: () => client.resetQueries(),
  });
  const others = person.workspaces.filter(({ id }) => id !== here);
  return (
    <Panel
      title={t('You')}
      aside={<span className="[overflow-wrap:anywhere] text-ink-soft">{person.email ?? t('no email address yet')}</span>}
    >
      <div className="grid gap-5">
        {person.invitations.length === 0 && others.length === 0 && person.email !== null ? (
          here === undefined ? (
            <Empty title={t('No workspace yet')}>
              {t('Ask someone who has one to invite {email}. The invitation shows here.', { email: person.email })}
            </Empty>
          ) : (
            <p className="text-ink-soft">{t('This is your only workspace. An invitation to another one shows here.')}</p>
          )
        ) : null}
        {person.invitations.length === 0 && others.length === 0 ? null : (
          <ul className="divide-y divide-rule border-y border-rule">
            {person.invitations.map((invitation) => (
              <li key={invitation.id} className="flex flex-wrap items-center gap-x-4 gap-y-1 py-2.5">
                <p className="flex-1 basis-48">
                  {rich(
                    'You are invited to <b>{workspace}</b> as {role}.',
                    { b: <strong>{''}</strong> },
                    { workspace: invitation.workspace ?? t('operate this installation'), role: invitation.role },
                  )}
                </p>
                <Button kind="act" disabled={go.isPending} onClick={() => go.mutate(() => acceptInvitation(invitation.id))}>
                  {t('Accept')}
                </Button>
              </li>
            ))}
            {others.map((workspace) => (
              <li key={workspace.id} className="flex flex-wrap items-center gap-x-4 gap-y-1 py-2.5">
                <p className="flex-1 basis-48">
                  <strong>{workspace.name}</strong>{' '}
                  <span className="text-ink-soft">{t('as {role}', { role: workspace.role })}</span>
                </p>
                <Button disabled={go.isPending} onClick={() => go.mutate(() => workIn(workspace.id))}>
                  {t('Work here')}
                  <span className="sr-only">: {workspace.name}</span>
                </Button>
              </li>
            ))}
          </ul>
        )}
        {go.isError ? <Refused problem={problemOf(go.error)} /> : null}
        {person.email === null ? (
          <div className="max-w-md">
            <p className="mb-3 text-ink-soft">
              {t('You started without an email address. Sign in by email to keep what you have here, on any device.')}
            </p>
            <LinkForm label={t('Email me a link')} />
          </div>
        ) : null}
      </div>
    </Panel>
  );
}
