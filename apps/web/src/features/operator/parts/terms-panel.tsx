import type { Explained, Usage } from '@purser/api';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { problemOf } from '../../../api/client.ts';
import { changeWorkspace, type WorkspaceChange } from '../api/operator.ts';
import { plansQuery } from '../../../api/sale.ts';
import type { WorkspaceInFull } from '../../../api/wire-operator.ts';
import { Button } from '../../../ui/button.tsx';
import { ConfirmDialog } from '../../../ui/confirm-dialog.tsx';
import { SelectField, TextField } from '../../../ui/field.tsx';
import { Refused } from '../../../ui/refused.tsx';
import { Panel } from '../../../ui/states.tsx';
import { draftOf, overridesFrom, TERMS, type Draft } from '../words/overrides.ts';
import { policyValue } from '../../gateway/words/policy.ts';
import { t } from '../../../words/translate.ts';

const LANES = ['', 'critical', 'high', 'standard', 'low'].map((value) => ({
  value,
  label: value === '' ? t('as in the plan') : value,
}));

interface Props {
  readonly workspace: WorkspaceInFull;
  readonly usage: (Usage & { readonly policy: readonly Explained[] }) | undefined;
}

/** The plan, and what was agreed with this customer on top of it, for a time or for good. */
export function TermsPanel({ workspace, usage }: Props) {
  const client = useQueryClient();
  const plans = useQuery(plansQuery);
  const [plan, setPlan] = useState(workspace.plan);
  const [draft, setDraft] = useState<Draft>(() => draftOf(workspace.overrides));
  const [wrong, setWrong] = useState('');
  const [asked, setAsked] = useState<WorkspaceChange>();
  const save = useMutation({
    mutationFn: (wanted: WorkspaceChange) => changeWorkspace(workspace.id, wanted),
    onSuccess: () => client.invalidateQueries({ queryKey: ['admin'] }),
  });
  const currency = plans.data?.find(({ code }) => code === plan)?.price.currency ?? usage?.cost?.ceiling.currency ?? 'EUR';
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const read = overridesFrom(draft, workspace.overrides, currency);
    setWrong('wrong' in read ? read.wrong : '');
    if ('wrong' in read) return;
    const wanted = { overrides: read.overrides, ...(plan === workspace.plan ? {} : { plan }) };
    if (plan === workspace.plan) save.mutate(wanted);
    else setAsked(wanted);
  };
  const field = (group: (typeof TERMS)[number]['group']) =>
    TERMS.filter((term) => term.group === group).map((term) => (
      <TermField
        key={term.path}
        term={term}
        currency={currency}
        value={draft[term.path] ?? ''}
        now={usage?.policy.find(({ name }) => name === term.path)}
        set={(text) => setDraft({ ...draft, [term.path]: text })}
      />
    ));
  const agreed = Object.keys(workspace.overrides).length > 0;
  return (
    <Panel title={t('Plan and terms')} aside={agreed ? <Agreed /> : null}>
      <form onSubmit={submit} noValidate className="grid gap-5">
        <div className="max-w-60">
          <SelectField
            label={t('Plan')}
            value={plan}
            onChange={(event) => setPlan(event.target.value)}
            options={(plans.data ?? []).map(({ code, name }) => ({ value: code, label: name }))}
          />
        </div>
        <fieldset>
          <legend className="narrow mb-2 text-lg font-semibold">{t('Agreed terms')}</legend>
          <p className="mb-3 max-w-prose text-[0.9375rem] text-ink-soft">
            {t('An empty field follows the plan; the gray value applies now.')}
          </p>
          <div className="grid gap-3 sm:grid-cols-2 lg:grid-cols-4">{field('terms')}</div>
        </fieldset>
        <fieldset>
          <legend className="narrow mb-2 text-lg font-semibold">{t('Validity')}</legend>
          <div className="grid gap-3 sm:grid-cols-2 lg:grid-cols-4">{field('time')}</div>
        </fieldset>
        <div className="max-w-xl">{field('loss')}</div>
        {wrong === '' ? null : (
          <p role="alert" className="font-semibold text-oxide">
            {t('“{field}” is not valid. Counts are whole numbers, amounts look like 25.50.', { field: wrong })}
          </p>
        )}
        <div>
          <Button kind="act" type="submit" disabled={save.isPending}>
            {save.isPending ? t('Proving the margin…') : t('Save terms')}
          </Button>
          {save.isError ? <Refused problem={problemOf(save.error)} /> : null}
        </div>
        {asked === undefined ? null : (
          <ConfirmDialog
            title={t('Move {name} to {value}', {
              name: workspace.name,
              value: plans.data?.find(({ code }) => code === plan)?.name ?? plan,
            })}
            confirm={t('Change the plan now')}
            busy={save.isPending}
            act={() => {
              setAsked(undefined);
              save.mutate(asked);
            }}
            close={() => setAsked(undefined)}
          >
            <p>
              {t(
                'Its features, limits and monthly credits follow the new plan from the next call on, and what it does not include stops at once. The payment provider is not told: a subscription there continues at its old price.',
              )}
            </p>
          </ConfirmDialog>
        )}
      </form>
    </Panel>
  );
}

function Agreed() {
  return <span className="narrow rounded-sm bg-signal px-1.5 font-bold text-on-signal">{t('Agreed terms')}</span>;
}

function TermField({
  term,
  currency,
  value,
  now,
  set,
}: {
  readonly term: (typeof TERMS)[number];
  readonly currency: string;
  readonly value: string;
  readonly now: Explained | undefined;
  readonly set: (text: string) => void;
}) {
  switch (term.kind) {
    case 'lane':
      return <SelectField label={term.label} value={value} onChange={(event) => set(event.target.value)} options={LANES} />;
    case 'day':
      return (
        <TextField
          label={term.label}
          hint={t('(UTC; empty: no limit)')}
          type="date"
          value={value}
          onChange={(event) => set(event.target.value)}
        />
      );
    case 'text':
      return (
        <TextField
          label={term.label}
          hint={t('(only when the terms may lose money)')}
          value={value}
          onChange={(event) => set(event.target.value)}
        />
      );
    case 'count':
    case 'money':
      return (
        <TextField
          label={term.label}
          hint={term.kind === 'money' ? `(${currency})` : undefined}
          inputMode="decimal"
          value={value}
          onChange={(event) => set(event.target.value)}
          placeholder={now === undefined ? '' : policyValue(now.name, now.value)}
        />
      );
    default: {
      const never: never = term.kind;
      return never;
    }
  }
}
