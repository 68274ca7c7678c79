import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useDeferredValue, useId, useState, type FormEvent } from 'react';
import { newIdempotencyKey, post, problemOf } from '../../../api/client.ts';
import { plansQuery, workspacesQuery } from '../../../api/queries.ts';
import type { CreatedWorkspace, Workspace } from '../../../api/wire-operator.ts';
import { useNow } from '../../../browser/now.ts';
import { Button } from '../../../ui/button.tsx';
import { KeyOnce } from '../../account/parts/key-once.tsx';
import { Link } from '../../../ui/link.tsx';
import { Empty, Failed, Loading, PageHead, Panel } from '../../../ui/states.tsx';
import { licenseWords } from '../../../words/license.ts';
import { explain } from '../../../words/problem.ts';
import { dayWords } from '../../../words/time.ts';

/** The tenants: who is aboard, and letting the next one in. */
export function WorkspacesPage() {
  const [created, setCreated] = useState<CreatedWorkspace>();
  return (
    <>
      <PageHead title="Workspaces">A workspace is one customer: what is billed, limited and kept apart from the others.</PageHead>
      <div className="grid items-start gap-4 sm:gap-6 lg:grid-cols-[minmax(0,1fr)_21rem]">
        <div className="order-2 lg:order-1">
          <Panel title="Aboard">
            <WorkspaceList />
          </Panel>
        </div>
        <div className="order-1 lg:order-2">
          {created === undefined ? (
            <CreateForm done={setCreated} />
          ) : (
            <KeyOnce of={created.name} secret={created.key} done={() => setCreated(undefined)} />
          )}
        </div>
      </div>
    </>
  );
}

function WorkspaceList() {
  const now_ms = useNow(60_000);
  const field_id = useId();
  const [search, setSearch] = useState('');
  const workspaces = useQuery({ ...workspacesQuery(useDeferredValue(search.trim())), placeholderData: keepPreviousData });
  if (workspaces.isPending) return <Loading what="the workspaces" lines={4} />;
  if (workspaces.isError) return <Failed error={workspaces.error} retry={() => void workspaces.refetch()} />;
  const rows = workspaces.data.workspaces;
  if (rows.length === 0 && search === '')
    return (
      <Empty title="Nobody aboard yet">
        Make a workspace, hand its key to your customer’s app, and its calls are governed from the first one.
      </Empty>
    );
  return (
    <>
      <label htmlFor={field_id} className="label mb-1.5 block text-ink-soft">
        Find by name or your own id
      </label>
      <input
        id={field_id}
        type="search"
        value={search}
        onChange={(event) => setSearch(event.target.value)}
        autoComplete="off"
        className="mb-4 min-h-11 w-full max-w-sm rounded-md border border-edge bg-deck px-3 text-base"
      />
      {rows.length === 0 ? <p className="text-ink-soft">No workspace is called that.</p> : null}
      <ul className="divide-y divide-rule border-y border-rule">
        {rows.map((workspace) => (
          <Row key={workspace.id} workspace={workspace} now_ms={now_ms} />
        ))}
      </ul>
      {workspaces.data.next_cursor === null ? null : (
        <p className="mt-3 text-sm text-ink-soft">The newest {rows.length} are shown. Search to find the others.</p>
      )}
    </>
  );
}

function Row({ workspace, now_ms }: { readonly workspace: Workspace; readonly now_ms: number }) {
  return (
    <li className="flex flex-wrap items-baseline gap-x-4 gap-y-0.5 py-3">
      <p className="text-lg">
        <Link to={`/admin/workspaces/${workspace.id}`}>{workspace.name}</Link>
      </p>
      <p className="narrow rounded-sm border border-edge px-1.5 text-sm font-bold">{workspace.plan}</p>
      {workspace.license === 'active' ? null : (
        <p className="text-sm font-semibold text-oxide">{licenseWords(workspace.license)}</p>
      )}
      <p className="ml-auto text-sm text-ink-faint">since {dayWords(workspace.created_at, now_ms)}</p>
      <p className="w-full text-xs [overflow-wrap:anywhere] text-ink-faint">{workspace.id}</p>
    </li>
  );
}

function CreateForm({ done }: { readonly done: (created: CreatedWorkspace) => void }) {
  const client = useQueryClient();
  const id = useId();
  const [name, setName] = useState('');
  const plans = useQuery(plansQuery);
  const [chosen, setPlan] = useState<string>();
  const plan = chosen ?? plans.data?.[0]?.code ?? '';
  const [asked, setAsked] = useState(false);
  const create = useMutation({
    mutationFn: () =>
      post<CreatedWorkspace>('/api/admin/workspaces', { name: name.trim(), plan }, { idempotency_key: newIdempotencyKey() }),
    onSuccess: (created) => {
      void client.invalidateQueries({ queryKey: ['admin', 'workspaces'] });
      done(created);
    },
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    setAsked(true);
    if (name.trim() !== '') create.mutate();
  };
  const missing = asked && name.trim() === '';
  const problem = create.isError ? explain(problemOf(create.error)) : undefined;
  const field = 'min-h-11 w-full rounded-md border border-edge bg-deck px-3 text-base';
  return (
    <Panel title="Add a workspace">
      <form onSubmit={submit} noValidate className="grid gap-4">
        <div>
          <label htmlFor={`${id}-name`} className="label mb-1.5 block text-ink-soft">
            Name
          </label>
          <input
            id={`${id}-name`}
            value={name}
            onChange={(event) => setName(event.target.value)}
            autoComplete="off"
            aria-invalid={missing}
            aria-describedby={missing ? `${id}-missing` : undefined}
            className={field}
          />
          {missing ? (
            <p id={`${id}-missing`} role="alert" className="mt-1 font-semibold text-oxide">
              Give it a name, such as the customer’s.
            </p>
          ) : null}
        </div>
        <div>
          <label htmlFor={`${id}-plan`} className="label mb-1.5 block text-ink-soft">
            Plan
          </label>
          <select id={`${id}-plan`} value={plan} onChange={(event) => setPlan(event.target.value)} className={field}>
            {plans.data?.map(({ code, name: called }) => (
              <option key={code} value={code}>
                {called}
              </option>
            ))}
          </select>
          {plans.isError ? <Failed error={plans.error} retry={() => void plans.refetch()} /> : null}
        </div>
        {problem === undefined ? null : (
          <p role="alert" className="rounded-md border-l-4 border-oxide-paint bg-oxide-wash px-3 py-2">
            <strong>{problem.headline}.</strong> {problem.why}
          </p>
        )}
        <Button kind="act" type="submit" disabled={create.isPending || plan === ''}>
          {create.isPending ? 'Making it…' : 'Make the workspace'}
        </Button>
      </form>
    </Panel>
  );
}
