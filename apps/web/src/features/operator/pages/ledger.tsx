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
import { FewRows } from '../../../ui/table/few-rows.tsx';
import type { Column } from '../../../ui/table/table.tsx';
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

function UnitTable({ balance: { unit, rows, debit, credit, balanced } }: { readonly balance: UnitBalance }) {
  const written = rows.map((row) => ({
    account: row.account,
    debit: <Amount quantity={row.debit} unit={unit} />,
    credit: <Amount quantity={row.credit} unit={unit} />,
    net: <Amount quantity={row.net} unit={unit} />,
  }));
  const sums: Readonly<Record<string, ReactNode>> = {
    debit: <Amount quantity={debit} unit={unit} />,
    credit: <Amount quantity={credit} unit={unit} />,
  };
  return (
    <FewRows
      label={t('Trial balance in {unit}', { unit })}
      caption={<Caption unit={unit} balanced={balanced} />}
      columns={ACCOUNT_COLUMNS.map((column) => ({ ...column, total: sums[column.key] }))}
      rows={written}
      keyOf={({ account }) => account}
      narrow="columns"
    />
  );
}

interface AccountRow {
  readonly account: string;
  readonly debit: ReactNode;
  readonly credit: ReactNode;
  readonly net: ReactNode;
}

const ACCOUNT_COLUMNS: readonly Column<AccountRow>[] = [
  { key: 'account', label: t('Account'), head: true, cell: ({ account }) => <span className="font-medium">{account}</span> },
  { key: 'debit', label: t('Debit'), align: 'right', cell: (row) => row.debit },
  { key: 'credit', label: t('Credit'), align: 'right', cell: (row) => row.credit },
  { key: 'net', label: t('Net'), align: 'right', wide: true, cell: ({ net }) => <strong>{net}</strong> },
];

function Amount({ quantity, unit }: { readonly quantity: Quantity; readonly unit: string }): ReactNode {
  const nothing = compare(decimalOf(quantity), '0') === 0;
  return nothing ? <span className="text-ink-faint">–</span> : quantityWords(quantity, unit);
}

function Caption({ unit, balanced }: Pick<UnitBalance, 'unit' | 'balanced'>) {
  return (
    <>
      {unit === 'credit' ? t('Credits') : unit}
      <span className={`ml-3 inline-flex items-center gap-1 text-base font-medium ${balanced ? 'text-fair' : 'text-oxide'}`}>
        {balanced ? <Check size={16} aria-hidden="true" /> : <X size={16} aria-hidden="true" />}
        {balanced ? t('balances') : t('does not balance')}
      </span>
    </>
  );
}
