import type { Allocation } from '@purser/api';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useId, useState, type FormEvent } from 'react';
import { problemOf } from '../../../api/client.ts';
import { allocate, allocationsQuery, membersQuery, type WantedAllocation } from '../api/members.ts';
import { formatCount } from '../../../words/amount.ts';
import { levelOf } from '../../../words/meter.ts';
import { Button } from '../../../ui/button.tsx';
import { SelectField, TextField } from '../../../ui/field.tsx';
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
  const set = useMutation({
    mutationFn: (wanted: WantedAllocation) => allocate(wanted, workspace_id),
    onSuccess: () => client.invalidateQueries({ queryKey: allocationsQuery(workspace_id).queryKey }),
  });
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
      <AllocateForm names={names} busy={set.isPending} set={(wanted) => set.mutate(wanted)} />
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

function AllocateForm({
  names,
  busy,
  set,
}: {
  readonly names: ReadonlyMap<string, string>;
  readonly busy: boolean;
  readonly set: (wanted: WantedAllocation) => void;
}) {
  const list_id = useId();
  const [kind, setKind] = useState<WantedAllocation['kind']>('member');
  const [who, setWho] = useState('');
  const [credits, setCredits] = useState('');
  const [team, setTeam] = useState('');
  const [wrong, setWrong] = useState('');
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const digits = credits.replaceAll(/[,\s]/g, '');
    const complaint =
      who.trim() === ''
        ? 'Say who it is for.'
        : /^\d{1,9}$/.test(digits) || (digits === '' && team.trim() !== '')
          ? ''
          : 'Write how many credits, such as 500.';
    setWrong(complaint);
    if (complaint !== '') return;
    const id = [...names].find(([, name]) => name === who.trim())?.[0] ?? who.trim();
    const count = digits === '' ? null : Number(digits);
    set({ kind, id, credits: count, ...(kind === 'member' && team.trim() !== '' ? { team: team.trim() } : {}) });
    setWho('');
    setCredits('');
  };
  return (
    <form onSubmit={submit} noValidate className="grid gap-3 sm:grid-cols-2">
      <SelectField
        label={t('Allocate to a')}
        value={kind}
        onChange={(event) => setKind(event.target.value === 'team' ? 'team' : 'member')}
        options={KINDS}
      />
      <TextField
        label={kind === 'team' ? t('Team name') : t('Who')}
        hint={kind === 'team' ? undefined : t('(a member, or a user as your app names it)')}
        value={who}
        onChange={(event) => setWho(event.target.value)}
        list={kind === 'member' ? list_id : undefined}
      />
      <datalist id={list_id}>
        {[...names.values()].map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      <TextField
        label={t('Credits in a period')}
        inputMode="numeric"
        value={credits}
        onChange={(event) => setCredits(event.target.value)}
      />
      {kind === 'member' ? (
        <TextField label={t('Team')} hint="(optional)" value={team} onChange={(event) => setTeam(event.target.value)} />
      ) : null}
      {wrong === '' ? null : (
        <p role="alert" className="font-semibold text-oxide sm:col-span-2">
          {wrong}
        </p>
      )}
      <div className="sm:col-span-2">
        <Button type="submit" disabled={busy}>
          {busy ? t('Allocating…') : t('Allocate')}
        </Button>
      </div>
    </form>
  );
}
