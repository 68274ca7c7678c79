import type { Session } from '@purser/api';
import { useQuery } from '@tanstack/react-query';
import { sessionQuery } from '../../../api/queries.ts';
import { Keys } from '../parts/keys.tsx';
import { Link } from '../../../ui/link.tsx';
import { Empty, PageHead, Panel } from '../../../ui/states.tsx';
import { rich, t } from '../../../words/translate.ts';

/** The keys of the workspace, for those who administer it. */
export function KeysPage() {
  const session = useQuery(sessionQuery).data ?? undefined;
  if (session === undefined || session.kind === 'person' || session.workspace === null) return null;
  return (
    <>
      <PageHead title={t('API keys')}>
        {t('Give each app an API key of its own. Its name tells you later which one to revoke without stopping the others.')}
      </PageHead>
      <Panel title={session.workspace.name}>
        <Inside session={session} />
      </Panel>
    </>
  );
}

function Inside({ session: { person } }: { readonly session: Session }) {
  if (person === undefined)
    return (
      <Empty title={t('API keys can’t create keys. Sign in by email.')}>
        {t('You are signed in by an API key. Sign in by email as an owner or admin of this workspace to create keys.')}{' '}
        <Link to="/members">{t('See the members')}</Link>.
      </Empty>
    );
  if (person.role === 'member' || person.role === null)
    return (
      <Empty title={t('Only owners and admins manage API keys')}>
        {t('Ask one of them for a key.')} <Link to="/members">{t('See who they are')}</Link>.
      </Empty>
    );
  return (
    <>
      <Keys scope={{ of: 'own' }} makes={person.email !== null} />
      {person.email === null ? (
        <p className="mt-4 max-w-prose text-ink-soft">
          {rich('<link>Sign in by email</link> first: then you can create API keys, and what you have here stays yours.', {
            link: <Link to="/members">{''}</Link>,
          })}
        </p>
      ) : null}
    </>
  );
}
