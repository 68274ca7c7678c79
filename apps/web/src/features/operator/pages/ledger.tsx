import { useQuery } from '@tanstack/react-query';
import { Check, X } from 'lucide-react';
import type { ReactNode } from 'react';
import { trialBalanceQuery, verifyLedger } from '../api/verify.ts';
import { Loading } from '../../../ui/loading.tsx';
import { Empty, Failed, PageHead, Panel } from '../../../ui/states.tsx';
import { compare, decimalOf, formatCount, type Quantity } from '../../../words/amount.ts';
import { balanceByUnit, type UnitBalance } from '../words/balance.ts';
import { quantityWords } from '../../../words/meter.ts';
import { EntryTable } from '../parts/entry-table.tsx';
import { Verification, type Verdict } from '../parts/verification.tsx';
import { t } from '../../../words/translate.ts';

/** The ledger: whether it balances, what stands on each account, and every entry. */
export function LedgerPage() {
  return (
    <>
      <PageHead title={t('Ledger')}>
        {t(
          'Every cost, credit and payment is booked twice: once where it goes, once where it comes from. Nothing is ever changed, only added.',
        )}
      </PageHead>
      <div className="grid grid-cols-1 gap-4 sm:gap-6">
        <Panel title={t('Integrity')}>
          <Verification
            label={t('Verify the ledger')}
            working={t('Adding up every entry and comparing the sums with the meters…')}
            idle={t('Adds up every entry and compares the result with the meters. It reads everything, so it may take a while.')}
            verify={async () => ledgerVerdict(await verifyLedger())}
          />
        </Panel>
        <Panel title={t('Trial balance')}>
          <TrialBalance />
        </Panel>
        <Panel title={t('Entries')}>
          <EntryTable />
        </Panel>
      </div>
    </>
  );
}

function ledgerVerdict(found: Awaited<ReturnType<typeof verifyLedger>>): Verdict {
  const good = found.balanced;
  return {
    good,
    headline: good ? t('Balanced') : t('Not balanced'),
    words: good
      ? t('Debits equal credits in every unit, and the meters say the same.')
      : t('The entries and the meters disagree: stop and find out why.'),
    figures: [
      { name: t('Entries'), value: formatCount(found.entries) },
      { name: t('Open holds'), value: formatCount(found.open_holds) },
      { name: t('Overruns'), value: formatCount(found.overruns) },
      { name: t('Unresolved'), value: formatCount(found.unreconciled) },
      { name: t('Mismatches'), value: formatCount(found.mismatches.length) },
    ],
    findings: found.mismatches.map(({ kind, detail }) => `${kind}: ${detail}`),
  };
}

function TrialBalance() {
  const balance = useQuery(trialBalanceQuery);
  if (balance.isPending) return <Loading what={t('the trial balance')} lines={6} />;
  if (balance.isError) return <Failed error={balance.error} retry={() => void balance.refetch()} />;
  const units = balanceByUnit(balance.data);
  if (units.length === 0)
    return <Empty title={t('No entries yet')}>{t('The first grant of credits or the first call shows here.')}</Empty>;
  return (
    <div className="grid gap-8">
      {units.map((unit) => (
        <UnitTable key={unit.unit} balance={unit} />
      ))}
    </div>
  );
}

function UnitTable({ balance }: { readonly balance: UnitBalance }) {
  const { unit, rows, debit, credit, balanced } = balance;
  const write = (quantity: Quantity): ReactNode =>
    compare(decimalOf(quantity), '0') === 0 ? <span className="text-ink-faint">–</span> : quantityWords(quantity, unit);
  return (
    <div
      className="-mx-4 overflow-x-auto px-4 sm:-mx-6 sm:px-6"
      tabIndex={0}
      role="region"
      aria-label={t('Trial balance in {unit}', { unit })}
    >
      <table className="figures w-full border-collapse max-sm:text-sm max-sm:[font-stretch:80%] sm:table-fixed">
        <caption className="narrow pb-1 text-left text-xl font-semibold">
          {unit === 'credit' ? t('Credits') : unit}
          <span className={`ml-3 inline-flex items-center gap-1 text-base font-medium ${balanced ? 'text-fair' : 'text-oxide'}`}>
            {balanced ? <Check size={16} aria-hidden="true" /> : <X size={16} aria-hidden="true" />}
            {balanced ? 'balances' : t('does not balance')}
          </span>
        </caption>
        <thead>
          <tr className="label border-y-2 border-ink text-ink-soft [&>th]:py-1.5 [&>th]:font-semibold">
            <th scope="col" className="text-left sm:w-2/5">
              {t('Account')}
            </th>
            <th scope="col" className="text-right">
              {t('Debit')}
            </th>
            <th scope="col" className="text-right">
              {t('Credit')}
            </th>
            <th scope="col" className="text-right max-sm:hidden">
              {t('Net')}
            </th>
          </tr>
        </thead>
        <tbody className="divide-y divide-rule">
          {rows.map((row) => (
            <tr key={row.account} className="[&>td]:py-1.5 [&>td]:pl-2.5 [&>td]:text-right sm:[&>td]:pl-4">
              <th scope="row" className="py-1.5 text-left font-medium">
                {row.account}
              </th>
              <td>{write(row.debit)}</td>
              <td>{write(row.credit)}</td>
              <td className="font-semibold max-sm:hidden">{write(row.net)}</td>
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr className="border-t-2 border-b-4 border-double border-ink font-bold [&>td]:py-1.5 [&>td]:pl-2.5 [&>td]:text-right sm:[&>td]:pl-4">
            <th scope="row" className="py-1.5 text-left">
              {t('Sum')}
            </th>
            <td>{write(debit)}</td>
            <td>{write(credit)}</td>
            <td className="max-sm:hidden" />
          </tr>
        </tfoot>
      </table>
    </div>
  );
}
