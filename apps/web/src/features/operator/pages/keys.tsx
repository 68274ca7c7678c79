import { Keys } from '../../account/parts/keys.tsx';
import { Link } from '../../../ui/link.tsx';
import { PageHead, Panel } from '../../../ui/states.tsx';
import { rich, t } from '../../../words/translate.ts';

/** The keys of the founder’s own backend. */
export function PlatformKeysPage() {
  return (
    <>
      <PageHead title={t('API keys')}>
        {t('A platform key is for your own backend: it acts for any workspace that a call names. Never hand one to a customer.')}
      </PageHead>
      <Panel title={t('Platform keys')}>
        <Keys scope={{ of: 'platform' }} />
        <p className="mt-5 max-w-prose border-t border-rule pt-4 text-ink-soft">
          {rich(
            'A call names its workspace in the header <code>Purser-Workspace</code>: by our id, or by yours. The keys of one customer are in the settings of <link>its workspace</link>.',
            {
              code: <code>{''}</code>,
              link: <Link to="/admin/workspaces">{''}</Link>,
            },
          )}
        </p>
      </Panel>
    </>
  );
}
