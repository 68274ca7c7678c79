import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { type Reconciled, type ReconciledLine, reconcile, type ReconcileForm } from '../api/reconciliation.ts';
import { useNow } from '../../../browser/now.ts';
import { ConfirmButton } from '../../../ui/confirm-button.tsx';
import { FileInput, FormView, required, TextInput, useForm, type Values } from '../../../ui/form/form.tsx';
import { Empty, Failed, PageHead, Panel } from '../../../ui/states.tsx';
import { UnresolvedPanel } from '../parts/unresolved-panel.tsx';
import { FewRows } from '../../../ui/table/few-rows.tsx';
import type { Column } from '../../../ui/table/table.tsx';
import { formatCount } from '../../../words/amount.ts';
import { dateWords } from '../../../words/calendar.ts';
import { t } from '../../../words/translate.ts';

const DAY_MS = 86_400_000;

const dayAt = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

interface Compared {
  readonly wanted: ReconcileForm;
  readonly result: Reconciled;
}

/** What a provider says it billed, beside the ledger: compared first, posted when the operator says so. */
export function ReconciliationPage() {
  const [compared, setCompared] = useState<Compared>();
  const posted = useMutation({ mutationFn: (wanted: ReconcileForm) => reconcile(wanted, true) });
  const result = posted.data ?? compared?.result;
  return (
    <>
      <PageHead title={t('Reconciliation')}>
        {t(
          'Compare what a provider billed with what was booked, day by day and model by model. Nothing is written until you post.',
        )}
      </PageHead>
      <div className="grid grid-cols-1 gap-4 sm:gap-6">
        <Panel title={t('Provider’s export')}>
          <ExportForm
            busy={posted.isPending}
            compare={async (wanted) => {
              posted.reset();
              setCompared(undefined);
              setCompared({ wanted, result: await reconcile(wanted, false) });
            }}
          />
        </Panel>
        <div aria-live="polite" className="grid grid-cols-1 gap-4 sm:gap-6">
          {posted.isError && compared ? <Failed error={posted.error} retry={() => posted.mutate(compared.wanted)} /> : null}
          {result === undefined ? null : (
            <Panel title={t('Differences')}>
              <Outcome result={result} />
              <Lines lines={result.lines} />
              {result.outcome === 'compared' && compared !== undefined && hasSomething(result) ? (
                <div className="mt-4">
                  <ConfirmButton
                    label={t('Post differences')}
                    kind="plain"
                    busy={posted.isPending}
                    title={t('Post the differences')}
                    confirm={t('Post them')}
                    warning={consequence(result)}
                    act={() => posted.mutate(compared.wanted)}
                  />
                </div>
              ) : null}
            </Panel>
          )}
        </div>
        <UnresolvedPanel />
      </div>
    </>
  );
}

type Field = 'provider' | 'from' | 'to' | 'file';

function ExportForm({ busy, compare }: { readonly busy: boolean; readonly compare: (wanted: ReconcileForm) => Promise<void> }) {
  const now_ms = useNow(DAY_MS);
  const [file, setFile] = useState<File>();
  const [initial] = useState({ provider: '', from: dayAt(now_ms - 2 * DAY_MS), to: dayAt(now_ms - DAY_MS), file: '' });
  const form = useForm<Field>({
    initial,
    keep: true,
    check,
    save: async ({ provider, from, to }) => {
      if (file !== undefined) await compare({ provider: provider.trim(), from, to, file });
    },
  });
  return (
    <FormView form={form} label={t('Compare')} busy_label={t('Comparing…')} disabled={busy} className="grid gap-4 sm:grid-cols-3">
      <TextInput form={form} name="provider" label={t('Provider')} hint={t('as in the catalog, such as openai')} />
      <TextInput form={form} name="from" label={t('First day (UTC)')} type="date" />
      <TextInput form={form} name="to" label={t('Up to, not included')} type="date" />
      <FileInput
        form={form}
        name="file"
        label={t('Export (CSV)')}
        hint={t('a header row that names at least a time and a cost')}
        accept=".csv,text/csv"
        choose={setFile}
        className="sm:col-span-3"
      />
    </FormView>
  );
}

function check({ provider, from, to, file }: Values<Field>): Partial<Record<Field, string>> {
  return {
    ...(/^[a-z][a-z0-9_]*$/.test(provider.trim()) ? {} : { provider: t('Write the provider’s name, such as openai.') }),
    ...(from === '' ? { from: required(t('The first day')) } : {}),
    ...(to === '' ? { to: required(t('The last day')) } : {}),
    ...(file === '' ? { file: t('Choose the file that the provider exported.') } : {}),
  };
}

const hasSomething = ({ lines, resolved }: Reconciled): boolean => resolved > 0 || differing(lines) > 0;
const differing = (lines: readonly ReconciledLine[]): number => lines.filter(({ difference }) => Number(difference) !== 0).length;

function consequence({ lines, resolved }: Reconciled): string {
  const entries = t(
    '{count, plural, one {# entry is} other {# entries are}} added to the ledger as cost of the platform. Entries cannot be deleted; a later comparison of the same days corrects them.',
    { count: differing(lines) },
  );
  if (resolved === 0) return entries;
  return `${entries} ${t('{count, plural, one {# unresolved call gets its} other {# unresolved calls get their}} final cost.', { count: resolved })}`;
}

function Outcome({ result }: { readonly result: Reconciled }) {
  return <p className="mb-4 max-w-prose text-ink-soft">{outcomeOf(result)}</p>;
}

function outcomeOf({ outcome, resolved, unresolved_left, lines }: Reconciled): string {
  switch (outcome) {
    case 'compared':
      return t(
        '{differing} of {count} lines differ. {resolved} unresolved calls would get their cost from this export, {left} would not.',
        { differing: differing(lines), count: lines.length, resolved, left: unresolved_left },
      );
    case 'posted':
      return t('Posted. {resolved} unresolved calls have their cost now, {left} have not.', { resolved, left: unresolved_left });
    case 'known':
      return t('This export was posted before. Nothing was written.');
    default: {
      const never: never = outcome;
      return never;
    }
  }
}

function Lines({ lines }: { readonly lines: readonly ReconciledLine[] }) {
  if (lines.length === 0)
    return <Empty title={t('Nothing to compare')}>{t('Neither the export nor the ledger has anything for these days.')}</Empty>;
  return (
    <FewRows
      label={t('Differences by day and model')}
      columns={LINE_COLUMNS}
      rows={lines}
      keyOf={({ day, model, unit }) => `${day} ${model} ${unit}`}
    />
  );
}

const LINE_COLUMNS: readonly Column<ReconciledLine>[] = [
  { key: 'day', label: t('Day'), head: true, cell: ({ day }) => <span className="whitespace-nowrap">{dateWords(day)}</span> },
  { key: 'model', label: t('Model'), cell: ({ model }) => (model === '' ? t('not named') : model) },
  { key: 'calls', label: t('Calls'), align: 'right', cell: ({ attempts }) => formatCount(attempts) },
  { key: 'booked', label: t('Booked'), align: 'right', cell: ({ booked, posted_before }) => added(booked, posted_before) },
  { key: 'resolved', label: t('Resolved now'), align: 'right', cell: ({ resolved }) => resolved },
  { key: 'billed', label: t('Billed'), align: 'right', cell: ({ billed }) => billed },
  {
    key: 'difference',
    label: t('Difference'),
    align: 'right',
    cell: ({ difference, unit }) => (
      <span className={`font-semibold ${Number(difference) === 0 ? 'text-ink-faint' : ''}`}>
        {difference} {unit}
      </span>
    ),
  },
];

/** What was booked by calls, and beside it by earlier reconciliations. */
function added(booked: string, before: string): string {
  return Number(before) === 0 ? booked : `${booked} ${before.startsWith('-') ? '−' : '+'} ${before.replace('-', '')}`;
}
