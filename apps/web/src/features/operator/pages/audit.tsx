import type { AuditVerification } from '@purser/api';
import { verifyAudit } from '../api/verify.ts';
import { PageHead, Panel } from '../../../ui/states.tsx';
import { formatCount } from '../../../words/amount.ts';
import { t } from '../../../words/translate.ts';
import { AuditTable } from '../parts/audit-table.tsx';
import { Verification, type Verdict } from '../parts/verification.tsx';

/** Every action, sealed in a chain, so that nobody can change the past unseen. */
export function AuditPage() {
  return (
    <>
      <PageHead title={t('Audit log')}>
        {t(
          'Who did what, in order. Each block carries the digest of the one before it, so a changed or missing row breaks the chain from there on.',
        )}
      </PageHead>
      <div className="grid grid-cols-1 gap-4 sm:gap-6">
        <Panel title={t('Integrity')}>
          <Verification
            label={t('Verify the audit log')}
            working={t('Reading the chain from its first block…')}
            idle={t(
              'Reads the chain from the first block to the last and computes every digest again, over audit events, ledger entries and provider calls.',
            )}
            verify={async () => verdictOf(await verifyAudit())}
          />
        </Panel>
        <Panel title={t('Audit events')}>
          <AuditTable />
        </Panel>
      </div>
    </>
  );
}

function verdictOf({ intact, entries, head, first_broken, guards }: AuditVerification): Verdict {
  return {
    good: intact,
    headline: intact ? t('Intact') : t('Broken'),
    words: intact
      ? t('No sealed row was changed, removed or added. Keep a copy of the head elsewhere: it stands for everything before it.')
      : t('A sealed row was changed, removed or added. Compare with an export that you saved.'),
    figures: [
      { name: t('Sealed rows'), value: formatCount(entries) },
      { name: t('Head'), value: <code className="font-sans text-base font-medium">{head ?? t('nothing sealed yet')}</code> },
    ],
    findings: [
      ...(first_broken === null
        ? []
        : [t('block {number}: {reason}', { number: formatCount(first_broken.seq), reason: first_broken.reason })]),
      ...guards.map((guard) => t('guard: {guard}', { guard })),
    ],
  };
}
