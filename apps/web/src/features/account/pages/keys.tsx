import { useQuery } from '@tanstack/react-query';
import { sessionQuery } from '../../../api/queries.ts';
import type { Session } from '../../../api/wire.ts';
import { Keys } from '../parts/keys.tsx';
import { Link } from '../../../ui/link.tsx';
import { Empty, PageHead, Panel } from '../../../ui/states.tsx';

/** The keys of the workspace, for those who administer it. */
export function KeysPage() {
  const session = useQuery(sessionQuery).data ?? undefined;
  if (session === undefined || session.kind === 'person' || session.workspace === null) return null;
  return (
    <>
      <PageHead title="Keys">
        An app calls with a key of its own. A name for each tells you later which one to take back, without stopping the others.
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
      <Empty title="A key makes no keys">
        You are signed in by a key: who found it by chance shall get no second one. Sign in by e-mail as an owner or admin of this
        workspace. <Link to="/members">See who is one</Link>.
      </Empty>
    );
  if (person.role === 'member' || person.role === null)
    return (
      <Empty title="Owners and admins keep the keys">
        Ask one of them for a key of your own. <Link to="/members">See who they are</Link>.
      </Empty>
    );
  return (
    <>
      <Keys scope={{ of: 'own' }} makes={person.email !== null} />
      {person.email === null ? (
        <p className="mt-4 max-w-prose text-ink-soft">
          You started without a name. <Link to="/members">Sign in by e-mail</Link> first: then you can make keys, and what you
          have here stays yours.
        </p>
      ) : null}
    </>
  );
}
