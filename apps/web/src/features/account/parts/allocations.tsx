import type { Allocation } from '@purser/api';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useId } from 'react';
import { problemOf } from '../../../api/client.ts';
import { allocate, allocationsQuery, membersQuery, type WantedAllocation } from '../api/members.ts';
import { formatCount } from '../../../words/amount.ts';
import { levelOf } from '../../../words/meter.ts';
import { Button } from '../../../ui/button.tsx';
import { FormView, SelectInput, TextInput, useForm, type Values } from '../../../ui/form/form.tsx';
import { Gauge } from '../../../ui/gauge.tsx';
import { Refused } from '../../../ui/refused.tsx';
import { Loading } from '../../../ui/loading.tsx';
import { Empty, Failed } from '../../../ui/states.tsx';
import { t } from '../../../words/translate.ts';

/** How much of the workspace’s credits each member and each team may spend. For those who administer it. */
export function Allocations({ workspace_id }: { readonly workspace_id?: string }) {
  const client = useQueryClient();
  const allocations = useQuery(allocationsQuery(workspace_id));
  const people = useQuery(membersQuery(workspace_id));
  const names = new Map(people.data?.members.map(({ id, email }) => [id, email ?? id]));
  const save = async (wanted: WantedAllocation): Promise<void> => {
    await allocate(wanted, workspace_id);
    await client.invalidateQueries({ queryKey: allocationsQuery(workspace_id).queryKey });
  };
  const set = useMutation({ mutationFn: save });
  if (allocations.isPending) return <Loading what={t('the allocations')} />;
  if (allocations.isError) return <Failed error={allocations.error} retry={() => void allocations.refetch()} />;
  const shown = allocations.data.filter(({ credits, team }) => credits !== null || team !== null);
  return (
    <div className="grid gap-5">
      {shown.length === 0 ? (
        <Empty title={t('No allocations')}>
          {t(
            'Everyone may spend all of the workspace’s credits. Allocate credits to a member or a team to limit what it may spend in a billing period.',
          )}
        </Empty>
      ) : (
        <ul className="grid gap-4" data-testid="allocations">
          {shown.map((allocation) => (
            <Row
              key={`${allocation.kind} ${allocation.id}`}
              allocation={allocation}
              name={names.get(allocation.id) ?? allocation.id}
              busy={set.isPending}
              lift={() =>
                set.mutate({
                  kind: allocation.kind,
                  id: allocation.id,
                  credits: null,
                  ...(allocation.kind === 'member' ? { team: null } : {}),
                })
              }
            />
          ))}
        </ul>
      )}
      <AllocateForm names={names} save={save} />
      {set.isError ? <Refused problem={problemOf(set.error)} /> : null}
    </div>
  );
}

function Row({
  allocation,
  name,
  busy,
  lift,
}: {
  readonly allocation: Allocation;
  readonly name: string;
  readonly busy: boolean;
  readonly lift: () => void;
}) {
  const { credits, used, held, team, kind } = allocation;
  const level = credits === null ? undefined : levelOf({ cap: credits, used, held });
  return (
    <li>
      <div className="mb-1 flex flex-wrap items-center gap-x-3">
        <p className="min-w-0 flex-1 basis-40 font-semibold [overflow-wrap:anywhere]">
          {kind === 'team' ? t('Team {name}', { name }) : name}
          {team === null ? null : <span className="font-normal text-ink-soft"> {t('in team {team}', { team })}</span>}
        </p>
        <p className="figures">
          {level === undefined || credits === null ? (
            <span className="text-ink-soft">{t('no limit of its own')}</span>
          ) : (
            <>
              <strong className={level.state === 'ok' ? '' : 'text-oxide'}>{formatCount(level.left)}</strong>{' '}
              <span className="text-ink-faint">{t('of {total} left', { total: formatCount(credits) })}</span>
            </>
          )}
        </p>
        <Button kind="quiet" disabled={busy} onClick={lift}>
          {t('Remove')}
          <span className="sr-only"> {name}</span>
        </Button>
      </div>
      {level === undefined ? null : (
        <Gauge level={level} name={name} words={t('{left} credits left', { left: formatCount(level.left) })} />
      )}
    </li>
  );
}

const KINDS = [
  { value: 'member', label: t('Member') },
  { value: 'team', label: t('Team') },
];

const EMPTY = { kind: 'member', id: '', credits: '', team: '' };
type Field = keyof typeof EMPTY;

interface AllocateProps {
  /** Of members, by their ids. */
  readonly names: ReadonlyMap<string, string>;
  readonly save: (wanted: WantedAllocation) => Promise<unknown>;
}

function AllocateForm({ names, save }: AllocateProps) {
  const list_id = useId();
  const form = useForm<Field>({ initial: EMPTY, check, save: (values) => save(allocationOf(values, names)) });
  const team = form.values.kind === 'team';
  return (
    <FormView form={form} label={t('Allocate')} busy_label={t('Allocating…')} className="grid gap-3 sm:grid-cols-2">
      <SelectInput form={form} name="kind" label={t('Allocate to a')} options={KINDS} />
      <TextInput
        form={form}
        name="id"
        label={team ? t('Team name') : t('Who')}
        hint={team ? undefined : t('(a member, or a user as your app names it)')}
        {...(team ? {} : { list: list_id })}
      />
      <datalist id={list_id}>
        {[...names.values()].map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      <TextInput form={form} name="credits" label={t('Credits in a period')} inputMode="numeric" />
      {team ? null : <TextInput form={form} name="team" label={t('Team')} hint={t('(optional)')} />}
    </FormView>
  );
}

const digitsOf = ({ credits }: Values<Field>): string => credits.replaceAll(/[,\s]/g, '');

/** A member may be put into a team without a limit of its own. */
function check(values: Values<Field>): Partial<Record<Field, string>> {
  const digits = digitsOf(values);
  const into_team = digits === '' && values.kind === 'member' && values.team.trim() !== '';
  return {
    ...(values.id.trim() === '' ? { id: t('Say who it is for.') } : {}),
    ...(/^\d{1,9}$/.test(digits) || into_team ? {} : { credits: t('Write how many credits, such as 500.') }),
  };
}

function allocationOf(values: Values<Field>, names: ReadonlyMap<string, string>): WantedAllocation {
  const digits = digitsOf(values);
  const who = values.id.trim();
  const team = values.team.trim();
  return {
    kind: values.kind === 'team' ? 'team' : 'member',
    id: [...names].find(([, name]) => name === who)?.[0] ?? who,
    credits: digits === '' ? null : Number(digits),
    ...(values.kind === 'member' && team !== '' ? { team } : {}),
  };
}
