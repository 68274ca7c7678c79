import { PageHead, Panel } from '../../../ui/states.tsx';
import { CallTable } from '../parts/calls.tsx';
import { t } from '../../../words/translate.ts';

export function CallsPage() {
  return (
    <>
      <PageHead title={t('Calls')}>{t('Every call of this workspace, newest first.')}</PageHead>
      <Panel title={t('All calls')}>
        <CallTable />
      </Panel>
    </>
  );
}
