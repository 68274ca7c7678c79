import { PageHead, Panel } from '../../../ui/states.tsx';
import { t } from '../../../words/translate.ts';
import { AlertPanel } from '../parts/alert-panel.tsx';
import { AlertSettings } from '../parts/alert-settings.tsx';

/** What the workspace should know, and where it wants to be told. */
export function AlertsPage() {
  return (
    <>
      <PageHead title={t('Alerts')}>
        {t('A limit that is nearly used up, an unusual hour, a change of your subscription.')}
      </PageHead>
      <div className="grid grid-cols-1 items-start gap-4 sm:gap-6">
        <AlertPanel
          operator={false}
          empty={t('When 70, 85 or 95 % of a limit is used, or a payment fails, it shows here before it stops you.')}
        />
        <Panel title={t('Notifications')}>
          <AlertSettings operator={false} />
        </Panel>
      </div>
    </>
  );
}
