import type { Rollout } from '@purser/api';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { problemOf } from '../../../api/client.ts';
import { comparedQuery, moveRollout, rolloutsQuery, type RolloutMove } from '../api/rollouts.ts';
import { useNow } from '../../../browser/now.ts';
import { Choice } from '../../../ui/choice.tsx';
import { ConfirmButton } from '../../../ui/confirm-button.tsx';
import { Refused } from '../../../ui/refused.tsx';
import { Loading } from '../../../ui/loading.tsx';
import { Empty, Failed, PageHead, Panel } from '../../../ui/states.tsx';
import { type ComparedFigure, comparisonOf, percent, saysLittle, standWords } from '../words/rollout.ts';
import { agoWords } from '../../../words/time.ts';
import { BeginForm, SHARES } from '../parts/begin-rollout.tsx';
import { FewRows } from '../../../ui/table/few-rows.tsx';
import type { Column } from '../../../ui/table/table.tsx';
import { t } from '../../../words/translate.ts';

/** Other plans and prices for a share of the customers first; both sides compared; then for all, or back. */
export function RolloutsPage() {
  const rollouts = useQuery(rolloutsQuery);
  return (
    <>
      <PageHead title={t('Roll-outs')}>
        {t(
          'A change of plans reaches a few customers first. Compare margin and refusals, then complete it or roll it back, within a second.',
        )}
      </PageHead>
      {rollouts.isPending ? <Loading what="the roll-outs" lines={5} /> : null}
      {rollouts.isError ? <Failed error={rollouts.error} retry={() => void rollouts.refetch()} /> : null}
      {rollouts.data === undefined ? null : <All rollouts={rollouts.data} />}
    </>
  );
}

function All({ rollouts }: { readonly rollouts: readonly Rollout[] }) {
  const in_force = rollouts.filter(({ state }) => state !== 'rolled_back');
  const over = rollouts.filter(({ state }) => state === 'rolled_back');
  return (
    <div className="grid gap-4 sm:gap-6">
      {in_force.map((rollout) => (
        <Panel
          key={rollout.id}
          title={rollout.to_version}
          aside={<p className="font-semibold text-store">{standWords(rollout)}</p>}
        >
          <InForce rollout={rollout} />
        </Panel>
      ))}
      <Panel title={t('Start a roll-out')}>
        {rollouts.length === 0 ? (
          <div className="mb-5">
            <Empty title={t('No roll-outs')}>
              {t(
                'Every customer is on the plans they bought. Take the current catalog, change it, and move a few customers to it.',
              )}
            </Empty>
          </div>
        ) : null}
        <BeginForm />
      </Panel>
      {over.length === 0 ? null : (
        <Panel title={t('Rolled back')}>
          <ul className="divide-y divide-rule border-y border-rule">
            {over.map((rollout) => (
              <Over key={rollout.id} rollout={rollout} />
            ))}
          </ul>
        </Panel>
      )}
    </div>
  );
}

function InForce({ rollout }: { readonly rollout: Rollout }) {
  const client = useQueryClient();
  const now_ms = useNow(30_000);
  const move = useMutation({
    mutationFn: (wanted: RolloutMove) => moveRollout(rollout.id, wanted),
    onSuccess: () => client.invalidateQueries({ queryKey: rolloutsQuery.queryKey }),
  });
  const { from_version, started_at, changed_at, state } = rollout;
  return (
    <>
      <p className="-mt-2 mb-4 text-ink-soft">
        {changed_at === started_at
          ? t('Instead of {version}. Started {ago}.', { version: from_version, ago: agoWords(started_at, now_ms) })
          : t('Instead of {version}. Started {ago}, changed {changed}.', {
              version: from_version,
              ago: agoWords(started_at, now_ms),
              changed: agoWords(changed_at, now_ms),
            })}
      </p>
      <Comparison rollout={rollout} />
      {state === 'running' ? <Share rollout={rollout} busy={move.isPending} set={(share) => move.mutate({ share })} /> : null}
      <div className="mt-4 flex flex-wrap gap-2">
        {state === 'running' ? (
          <ConfirmButton
            label={t('Complete')}
            title={t('Move all customers to {to_version}', { to_version: rollout.to_version })}
            warning={t('Every subscriber of {from_version} gets these plans within a second. You can still roll back.', {
              from_version,
            })}
            confirm={t('Move all now')}
            kind="plain"
            busy={move.isPending}
            act={() => move.mutate({ state: 'completed' })}
          />
        ) : null}
        <ConfirmButton
          label={t('Roll back')}
          title={t('Roll back {to_version}', { to_version: rollout.to_version })}
          warning={t(
            'Customers who were moved return to {from_version} within a second. This roll-out cannot be resumed; start another.',
            { from_version },
          )}
          confirm={t('Roll back now')}
          busy={move.isPending}
          act={() => move.mutate({ state: 'rolled_back' })}
        />
      </div>
      {move.isPending ? (
        <p role="status" className="mt-2 text-ink-soft">
          {t('Applying…')}
        </p>
      ) : null}
      {move.isError ? <Refused problem={problemOf(move.error)} /> : null}
    </>
  );
}

interface ShareProps {
  readonly rollout: Rollout;
  readonly busy: boolean;
  readonly set: (share: number) => void;
}

function Share({ rollout: { id, share, from_version, to_version }, busy, set }: ShareProps) {
  const [wanted, setWanted] = useState(String(share));
  const offered = SHARES.includes(share) ? SHARES : [share, ...SHARES].toSorted((a, b) => a - b);
  return (
    <div className="mt-5 flex flex-wrap items-end gap-x-4 gap-y-2">
      <Choice
        legend={t('Share of customers')}
        name={`share ${id}`}
        value={wanted}
        onChange={setWanted}
        options={offered.map((one) => ({ value: String(one), label: percent(one) }))}
      />
      <ConfirmButton
        label={t('Set the share')}
        title={t('Move {wanted} of the subscribers', { wanted: percent(Number(wanted)) })}
        warning={t(
          '{wanted} instead of {share} of the subscribers of {from_version} are on {to_version} within a second, and are served and charged by its plans.',
          { wanted: percent(Number(wanted)), share: percent(share), from_version, to_version },
        )}
        confirm={t('Move them now')}
        kind="plain"
        busy={busy}
        disabled={wanted === String(share)}
        act={() => set(Number(wanted))}
      />
    </div>
  );
}

function Comparison({ rollout }: { readonly rollout: Rollout }) {
  const compared = useQuery(comparedQuery(rollout));
  if (compared.isPending) return <Loading what={t('both sides')} lines={4} />;
  if (compared.isError) return <Failed error={compared.error} retry={() => void compared.refetch()} />;
  const rows = comparisonOf(compared.data.arms);
  return (
    <>
      <div className="max-w-2xl" data-testid="comparison">
        <FewRows label={t('Treatment and control')} columns={COMPARED} rows={rows} keyOf={({ name }) => name} narrow="columns" />
      </div>
      {saysLittle(compared.data.arms) ? (
        <p className="mt-2 text-sm text-ink-soft">
          {t('Fewer than 100 calls on one side say little. Revenue shows when a billing period starts.')}
        </p>
      ) : null}
    </>
  );
}

const COMPARED: readonly Column<ComparedFigure>[] = [
  {
    key: 'name',
    label: t('Since the start'),
    head: true,
    cell: ({ name, part }) => <span className={`font-normal text-ink-soft ${part === true ? 'pl-4 text-sm' : ''}`}>{name}</span>,
  },
  {
    key: 'treatment',
    label: t('Treatment'),
    align: 'right',
    cell: ({ treatment, verdict }) => (
      <>
        <strong className="whitespace-nowrap">{treatment}</strong>
        {verdict === undefined ? null : (
          <span className={`block text-sm ${verdict === 'worse' ? 'text-oxide' : 'text-fair'}`}>
            {verdict === 'worse' ? t('worse') : t('better')}
          </span>
        )}
      </>
    ),
  },
  {
    key: 'control',
    label: t('Control'),
    align: 'right',
    cell: ({ control }) => <span className="whitespace-nowrap">{control}</span>,
  },
];

function Over({ rollout }: { readonly rollout: Rollout }) {
  const now_ms = useNow(60_000);
  const [open, setOpen] = useState(false);
  return (
    <li className="py-1">
      <details onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary className="min-h-11 cursor-pointer py-2.5">
          <strong>{rollout.to_version}</strong>{' '}
          <span className="text-ink-soft">
            {t('instead of {version}, rolled back {ago}', {
              version: rollout.from_version,
              ago: agoWords(rollout.changed_at, now_ms),
            })}
          </span>
        </summary>
        <div className="pb-3">{open ? <Comparison rollout={rollout} /> : null}</div>
      </details>
    </li>
  );
}
