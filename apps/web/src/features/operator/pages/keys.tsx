import { Keys } from '../../account/parts/keys.tsx';
import { Link } from '../../../ui/link.tsx';
import { PageHead, Panel } from '../../../ui/states.tsx';

/** The keys of the founder’s own backend. */
export function PlatformKeysPage() {
  return (
    <>
      <PageHead title="Keys">
        A platform key is for your own backend: it acts for any workspace that a call names. Never hand one to a customer.
      </PageHead>
      <Panel title="Platform keys">
        <Keys scope={{ of: 'platform' }} />
        <p className="mt-5 max-w-prose border-t border-rule pt-4 text-ink-soft">
          A call names its workspace by the header <code>Purser-Workspace</code>: our id, or the one you gave it. The keys of a
          single customer are with <Link to="/admin/workspaces">its workspace</Link>.
        </p>
      </Panel>
    </>
  );
}
