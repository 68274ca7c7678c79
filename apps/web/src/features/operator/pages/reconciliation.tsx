import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { type Reconciled, type ReconciledLine, reconcile, type ReconcileForm } from '../api/reconciliation.ts';
import { useNow } from '../../../browser/now.ts';
import { Button } from '../../../ui/button.tsx';
import { ConfirmButton } from '../../../ui/confirm-button.tsx';
import { TextField } from '../../../ui/field.tsx';
import { Empty, Failed, PageHead, Panel } from '../../../ui/states.tsx';
import { UnresolvedPanel } from '../parts/unresolved-panel.tsx';
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
  const entries = `${differing(lines)} ${differing(lines) === 1 ? 'entry is' : 'entries are'} added to the ledger as cost of the platform`;
  const calls =
    resolved === 0 ? '' : `, and ${resolved} unresolved ${resolved === 1 ? 'call gets its' : 'calls get their'} final cost`;
  return `${entries}${calls}. Entries cannot be deleted; a later comparison of the same days corrects them.`;
}

function Outcome({ result }: { readonly result: Reconciled }) {
  const { outcome, resolved, unresolved_left, lines } = result;
  const words = {
    compared: `${differing(lines)} of ${lines.length} lines differ. ${resolved} unresolved calls would get their cost from this export, ${unresolved_left} would not.`,
    posted: `Posted. ${resolved} unresolved calls have their cost now, ${unresolved_left} have not.`,
    known: 'This export was posted before. Nothing was written.',
  };
  return <p className="mb-4 max-w-prose text-ink-soft">{words[outcome]}</p>;
}

function Lines({ lines }: { readonly lines: readonly ReconciledLine[] }) {
  if (lines.length === 0)
    return <Empty title={t('Nothing to compare')}>{t('Neither the export nor the ledger has anything for these days.')}</Empty>;
  return (
    <div className="overflow-x-auto" role="region" aria-label={t('Differences by day and model')} tabIndex={0}>
      <table className="figures w-full min-w-[40rem] text-left text-[0.9375rem]">
        <thead>
          <tr className="label border-b border-edge text-ink-soft">
            <th className="py-2 pr-4">{t('Day')}</th>
            <th className="py-2 pr-4">{t('Model')}</th>
            <th className="py-2 pr-4 text-right">{t('Calls')}</th>
            <th className="py-2 pr-4 text-right">{t('Booked')}</th>
            <th className="py-2 pr-4 text-right">{t('Resolved now')}</th>
            <th className="py-2 pr-4 text-right">{t('Billed')}</th>
            <th className="py-2 text-right">{t('Difference')}</th>
          </tr>
        </thead>
        <tbody>
          {lines.map((line) => (
            <tr key={`${line.day} ${line.model} ${line.unit}`} className="border-b border-rule">
              <td className="py-2 pr-4">{line.day}</td>
              <td className="py-2 pr-4 [overflow-wrap:anywhere]">{line.model === '' ? t('not named') : line.model}</td>
              <td className="py-2 pr-4 text-right">{line.attempts}</td>
              <td className="py-2 pr-4 text-right">{added(line.booked, line.posted_before)}</td>
              <td className="py-2 pr-4 text-right">{line.resolved}</td>
              <td className="py-2 pr-4 text-right">{line.billed}</td>
              <td className={`py-2 text-right font-semibold ${Number(line.difference) === 0 ? 'text-ink-faint' : ''}`}>
                {line.difference} {line.unit}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** What was booked by calls, and beside it by earlier reconciliations. */
function added(booked: string, before: string): string {
  return Number(before) === 0 ? booked : `${booked} ${before.startsWith('-') ? '−' : '+'} ${before.replace('-', '')}`;
}
