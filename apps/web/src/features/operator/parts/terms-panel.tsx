import type { Explained, Plan, Usage, Workspace as WorkspaceInFull } from '@purser/api';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { plansQuery } from '../../../api/sale.ts';
import { ConfirmDialog } from '../../../ui/confirm-dialog.tsx';
import { type Form, FormView, SelectInput, TextInput, useForm } from '../../../ui/form/form.tsx';
import { Panel } from '../../../ui/states.tsx';
import { t } from '../../../words/translate.ts';
import { policyValue } from '../../gateway/words/policy.ts';
import { changeWorkspace } from '../api/operator.ts';
import { draftOf, overridesFrom, TERMS } from '../words/overrides.ts';

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
  const plans = useQuery(plansQuery);
  const [asked, setAsked] = useState(false);
  const form = useTermsForm(workspace, plans.data ?? [], usage, setAsked);
  const agreed = Object.keys(workspace.overrides).length > 0;
  const plan = form.values['plan'] ?? workspace.plan;
  const currency = currencyOf(plans.data ?? [], plan, usage);
  const fields = (group: (typeof TERMS)[number]['group']) =>
    TERMS.filter((term) => term.group === group).map((term) => (
      <TermField
        key={term.path}
        form={form}
        term={term}
        currency={currency}
        now={usage?.policy.find(({ name }) => name === term.path)}
      />
    ));
  return (
    <Panel title={t('Plan and terms')} aside={agreed ? <Agreed /> : null}>
      <FormView
        form={form}
        label={t('Save terms')}
        busy_label={t('Proving the margin…')}
        done={t('Saved.')}
        className="grid gap-5"
      >
        <SelectInput
          form={form}
          name="plan"
          label={t('Plan')}
          options={(plans.data ?? []).map(({ code, name }) => ({ value: code, label: name }))}
          className="max-w-60"
        />
        <fieldset>
          <legend className="narrow mb-2 text-lg font-semibold">{t('Agreed terms')}</legend>
          <p className="mb-3 max-w-prose text-[0.9375rem] text-ink-soft">
            {t('An empty field follows the plan; the gray value applies now.')}
          </p>
          <div className="grid gap-3 sm:grid-cols-2 lg:grid-cols-4">{fields('terms')}</div>
        </fieldset>
        <fieldset>
          <legend className="narrow mb-2 text-lg font-semibold">{t('Validity')}</legend>
          <div className="grid gap-3 sm:grid-cols-2 lg:grid-cols-4">{fields('time')}</div>
        </fieldset>
        <div className="max-w-xl">{fields('loss')}</div>
      </FormView>
      {asked ? (
        <PlanQuestion
          workspace={workspace.name}
          plan={plans.data?.find(({ code }) => code === plan)?.name ?? plan}
          busy={form.busy}
          act={() => {
            setAsked(false);
            form.send();
          }}
          close={() => setAsked(false)}
        />
      ) : null}
    </Panel>
  );
}

function currencyOf(plans: readonly Plan[], plan: string, usage: Props['usage']): string {
  return plans.find(({ code }) => code === plan)?.price.currency ?? usage?.cost?.ceiling.currency ?? 'EUR';
}

/** The fields are named by the paths of the terms; another plan is asked about before it is sent. */
function useTermsForm(workspace: WorkspaceInFull, plans: readonly Plan[], usage: Props['usage'], ask: (asked: boolean) => void) {
  const client = useQueryClient();
  const [initial] = useState(() => ({ plan: workspace.plan, ...draftOf(workspace.overrides) }));
  const read = (values: Readonly<Record<string, string>>) =>
    overridesFrom(values, workspace.overrides, currencyOf(plans, values['plan'] ?? workspace.plan, usage));
  return useForm<string>({
    initial,
    keep: true,
    check: (values) => {
      const found = read(values);
      return 'wrong' in found
        ? { [found.wrong]: t('This is not valid. Counts are whole numbers, amounts look like 25.50.') }
        : {};
    },
    ready: ({ plan }) => {
      ask(plan !== workspace.plan);
      return plan === workspace.plan;
    },
    save: async (values) => {
      const found = read(values);
      if ('wrong' in found) return;
      const { plan } = values;
      await changeWorkspace(workspace.id, {
        overrides: found.overrides,
        ...(plan === undefined || plan === workspace.plan ? {} : { plan }),
      });
      await client.invalidateQueries({ queryKey: ['admin'] });
    },
  });
}

function Agreed() {
  return <span className="narrow rounded-sm bg-signal px-1.5 font-bold text-on-signal">{t('Agreed terms')}</span>;
}

interface QuestionProps {
  readonly workspace: string;
  readonly plan: string;
  readonly busy: boolean;
  readonly act: () => void;
  readonly close: () => void;
}

function PlanQuestion({ workspace, plan, busy, act, close }: QuestionProps) {
  return (
    <ConfirmDialog
      title={t('Move {name} to {value}', { name: workspace, value: plan })}
      confirm={t('Change the plan now')}
      busy={busy}
      act={act}
      close={close}
    >
      <p>
        {t(
          'Its features, limits and monthly credits follow the new plan from the next call on, and what it does not include stops at once. The payment provider is not told: a subscription there continues at its old price.',
        )}
      </p>
    </ConfirmDialog>
  );
}

interface TermFieldProps {
  readonly form: Form<string>;
  readonly term: (typeof TERMS)[number];
  readonly currency: string;
  readonly now: Explained | undefined;
}

function TermField({ form, term: { kind, path, label }, currency, now }: TermFieldProps) {
  switch (kind) {
    case 'lane':
      return <SelectInput form={form} name={path} label={label} options={LANES} />;
    case 'day':
      return <TextInput form={form} name={path} label={label} hint={t('(UTC; empty: no limit)')} type="date" />;
    case 'text':
      return <TextInput form={form} name={path} label={label} hint={t('(only when the terms may lose money)')} />;
    case 'count':
    case 'money':
      return (
        <TextInput
          form={form}
          name={path}
          label={label}
          hint={kind === 'money' ? `(${currency})` : undefined}
          inputMode="decimal"
          placeholder={now === undefined ? '' : policyValue(now.name, now.value)}
        />
      );
    default: {
      const never: never = kind;
      return never;
    }
  }
}
