import type { CreatedWorkspace } from '@purser/api';
import { useQuery, useQueryClient } from '@tanstack/react-query';

import { newIdempotencyKey, post } from '../../../api/client.ts';
import { plansQuery } from '../../../api/sale.ts';
import { Button } from '../../../ui/button.tsx';
import { FormView, required, SelectInput, TextInput, useForm } from '../../../ui/form/form.tsx';
import { Loading } from '../../../ui/loading.tsx';
import { Failed, Panel } from '../../../ui/states.tsx';
import { t } from '../../../words/translate.ts';

interface Props {
  readonly done: (created: CreatedWorkspace) => void;
  readonly cancel: () => void;
}

export function CreateWorkspace(props: Props) {
  const plans = useQuery(plansQuery);
  return (
    <Panel title={t('Create workspace')}>
      {plans.isPending ? <Loading what={t('the plans')} /> : null}
      {plans.isError ? <Failed error={plans.error} retry={() => void plans.refetch()} /> : null}
      {plans.data === undefined ? null : (
        <Fields plans={plans.data.map(({ code, name }) => ({ value: code, label: name }))} {...props} />
      )}
    </Panel>
  );
}

function Fields({
  plans,
  done,
  cancel,
}: Props & { readonly plans: readonly { readonly value: string; readonly label: string }[] }) {
  const client = useQueryClient();
  const form = useForm({
    initial: { name: '', plan: plans[0]?.value ?? '', external_id: '' },
    check: ({ name }) => (name.trim() === '' ? { name: required(t('A name')) } : {}),
    save: async ({ name, plan, external_id }) => {
      const own = external_id.trim() === '' ? {} : { external_id: external_id.trim() };
      const created = await post<CreatedWorkspace>(
        '/api/admin/workspaces',
        { name: name.trim(), plan, ...own },
        { idempotency_key: newIdempotencyKey() },
      );
      void client.invalidateQueries({ queryKey: ['admin', 'workspaces'] });
      done(created);
    },
  });
  return (
    <>
      <FormView form={form} label={t('Create workspace')} busy_label={t('Creating…')} className="grid gap-3 sm:grid-cols-3">
        <TextInput form={form} name="name" label={t('Name')} maxLength={200} />
        <SelectInput form={form} name="plan" label={t('Plan')} options={plans} />
        <TextInput form={form} name="external_id" label={t('Your id')} hint={t('(optional)')} maxLength={200} />
      </FormView>
      <Button kind="quiet" className="mt-2 -ml-4" onClick={cancel}>
        {t('Cancel')}
      </Button>
    </>
  );
}
