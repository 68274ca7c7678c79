import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { type Reconciled, type ReconciledLine, reconcile, type ReconcileForm } from '../api/reconciliation.ts';
import { useNow } from '../../../browser/now.ts';
import { Button } from '../../../ui/button.tsx';
import { ConfirmButton } from '../../../ui/confirm-button.tsx';
import { TextField } from '../../../ui/field.tsx';
import { Empty, Failed, PageHead, Panel } from '../../../ui/states.tsx';
import { UnresolvedPanel } from '../parts/unresolved-panel.tsx';
import { FewRows } from '../../../ui/table/few-rows.tsx';
import type { Column } from '../../../ui/table/table.tsx';
import { formatCount } from '../../../words/amount.ts';
import { dateWords } from '../../../words/calendar.ts';
import { t } from '../../../words/translate.ts';

const DAY_MS = 86_400_000;

const dayAt = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

/** What a provider says it billed, beside the books: compared first, posted when the operator says so. */
export function ReconciliationPage() {
  const compared = useMutation({ mutationFn: (form: ReconcileForm) => reconcile(form, false) });
  const posted = useMutation({ mutationFn: (form: ReconcileForm) => reconcile(form, true) });
  const [form, setForm] = useState<ReconcileForm>();
  const result = posted.data ?? compared.data;
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
            busy={compared.isPending || posted.isPending}
            compare={(wanted) => {
              posted.reset();
              setForm(wanted);
              compared.mutate(wanted);
            }}
          />
        </Panel>
        <div aria-live="polite" className="grid grid-cols-1 gap-4 sm:gap-6">
          {compared.isError && form ? <Failed error={compared.error} retry={() => compared.mutate(form)} /> : null}
          {posted.isError && form ? <Failed error={posted.error} retry={() => posted.mutate(form)} /> : null}
          {result === undefined ? null : (
            <Panel title={t('Differences')}>
              <Outcome result={result} />
              <Lines lines={result.lines} />
              {result.outcome === 'compared' && form !== undefined && hasSomething(result) ? (
                <div className="mt-4">
                  <ConfirmButton
                    label={t('Post differences')}
                    kind="plain"
                    busy={posted.isPending}
                    title={t('Post the differences')}
                    confirm={t('Post them')}
                    warning={consequence(result)}
                    act={() => posted.mutate(form)}
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

function ExportForm({ busy, compare }: { readonly busy: boolean; readonly compare: (form: ReconcileForm) => void }) {
  const now_ms = useNow(DAY_MS);
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const data = new FormData(event.currentTarget);
    const file = data.get('file');
    const text = (name: string): string => {
      const value = data.get(name);
      return typeof value === 'string' ? value.trim() : '';
    };
    if (file instanceof File) compare({ provider: text('provider'), from: text('from'), to: text('to'), file });
  };
  return (
    <form onSubmit={submit} className="grid gap-4 sm:grid-cols-3">
      <TextField
        label={t('Provider')}
        hint={t('as in the catalog, such as openai')}
        name="provider"
        required
        pattern="[a-z][a-z0-9_]*"
      />
      <TextField label={t('First day (UTC)')} name="from" type="date" required defaultValue={dayAt(now_ms - 2 * DAY_MS)} />
      <TextField label={t('Up to, not included')} name="to" type="date" required defaultValue={dayAt(now_ms - DAY_MS)} />
      <div className="sm:col-span-3">
        <TextField
          label={t('Export (CSV)')}
          hint={t('a header row that names at least a time and a cost')}
          name="file"
          type="file"
          accept=".csv,text/csv"
          required
          className="py-2"
        />
      </div>
      <div className="sm:col-span-3">
        <Button kind="act" type="submit" disabled={busy}>
          {busy ? t('Comparing…') : t('Compare')}
        </Button>
      </div>
    </form>
  );
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
