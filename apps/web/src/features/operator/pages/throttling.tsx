import type { Ladders, LadderState } from '@purser/api';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Snowflake } from 'lucide-react';
import { problemOf } from '../../../api/client.ts';
import { laddersQuery, setFreeze } from '../api/operator.ts';
import { useNow } from '../../../browser/now.ts';
import { ConfirmButton } from '../../../ui/confirm-button.tsx';
import { Gauge } from '../../../ui/gauge.tsx';
import { Refused } from '../../../ui/refused.tsx';
import { Loading } from '../../../ui/loading.tsx';
import { Empty, Failed, PageHead, Panel } from '../../../ui/states.tsx';
import { WorkspaceLink } from '../../../ui/workspace-link.tsx';
import { levelOf, quantityWords } from '../../../words/meter.ts';
import { levelWords } from '../../gateway/words/level.ts';
import { agoWords } from '../../../words/time.ts';
import { t } from '../../../words/translate.ts';

/** Where every ladder stands: what is served less well, for whom, since when and why. */
export function ThrottlingPage() {
  const ladders = useQuery(laddersQuery);
  return (
    <>
      <PageHead title={t('Throttling')}>
        {t(
          'As a budget is used up, service is reduced level by level before anything is refused. When the budget grows, service recovers at once.',
        )}
      </PageHead>
      {ladders.isPending ? <Loading what={t('the levels')} lines={5} /> : null}
      {ladders.isError && ladders.data === undefined ? (
        <Failed error={ladders.error} retry={() => void ladders.refetch()} />
      ) : null}
      {ladders.data === undefined ? null : <All ladders={ladders.data} />}
    </>
  );
}

function All({ ladders }: { readonly ladders: Ladders }) {
  const { shared, workspaces, workspaces_throttled, frozen } = ladders;
  return (
    <div className="grid gap-4 sm:gap-6">
      <Panel title={t('Shared budgets')}>
        {shared.length === 0 ? (
          <Empty title={t('No shared budgets')}>{t('The catalog has no budget or pool that all workspaces share.')}</Empty>
        ) : (
          <ul className="grid gap-6">
            {shared.map((standing) => (
              <Ladder key={standing.ladder} standing={standing} />
            ))}
          </ul>
        )}
      </Panel>
      <Panel title={t('Throttled workspaces')}>
        {workspaces.length === 0 ? (
          <Empty title={t('No workspace is throttled')}>
            {t('A workspace shows here when its spending reaches the first level of its plan.')}
          </Empty>
        ) : (
          <>
            <ul className="divide-y divide-rule">
              {workspaces.map((standing) => (
                <li key={`${standing.workspace_id ?? ''} ${standing.ladder}`} className="py-4 first:pt-0 last:pb-0">
                  <ul>
                    <Ladder standing={standing} />
                  </ul>
                </li>
              ))}
            </ul>
            {workspaces_throttled > workspaces.length ? (
              <p className="mt-3 text-sm text-ink-soft">
                {t('The {shown} most throttled of {total} are shown.', { shown: workspaces.length, total: workspaces_throttled })}
              </p>
            ) : null}
          </>
        )}
      </Panel>
      <Freeze frozen={frozen} />
    </div>
  );
}

function Ladder({ standing }: { readonly standing: LadderState }) {
  const now_ms = useNow(30_000);
  const { ladder, level: at, levels, since, effects, spent, cap, unit, workspace_id } = standing;
  const level = levelOf({ cap, used: spent, held: 0 });
  const words = `${quantityWords(spent, unit)} of ${quantityWords(cap, unit)} spent`;
  return (
    <li>
      <div className="mb-1 flex flex-wrap items-baseline justify-between gap-x-4">
        <h3 className="narrow text-xl font-semibold">
          {workspace_id === null ? <span className="capitalize">{ladder}</span> : <WorkspaceLink id={workspace_id} />}
        </h3>
        <p className={`font-semibold ${at === 0 ? 'text-fair' : 'text-oxide'}`}>
          {at === 0 ? t('full service') : t('level {level} of {levels}', { level: at, levels })}
        </p>
      </div>
      <Gauge level={level} name={t('Budget {name}', { name: ladder })} words={words} />
      <p className="figures mt-1.5 text-sm text-ink-soft">
        {words}
        {workspace_id === null ? '' : t(' when it was throttled')}
        {since === null || at === 0 ? '' : t(', {ago}', { ago: agoWords(since, now_ms) })}
      </p>
      {effects.length === 0 ? null : (
        <ul className="mt-2 list-disc pl-5 text-[0.9375rem]">
          {effects.map(({ what, why }) => (
            <li key={what}>
              {levelWords(what)} <span className="text-ink-soft">{t('because {reason}', { reason: why })}</span>
            </li>
          ))}
        </ul>
      )}
    </li>
  );
}

/** The emergency freeze: while it is on, no model version changes anywhere. */
function Freeze({ frozen }: { readonly frozen: boolean }) {
  const client = useQueryClient();
  const freeze = useMutation({
    mutationFn: () => setFreeze(!frozen),
    onSuccess: () => client.invalidateQueries({ queryKey: laddersQuery.queryKey }),
  });
  return (
    <Panel title={t('Emergency freeze')}>
      <p className="mb-4 flex max-w-prose gap-2.5 text-ink-soft">
        <Snowflake size={20} aria-hidden="true" className={`mt-0.5 shrink-0 ${frozen ? 'text-store' : ''}`} />
        {frozen
          ? t('Frozen: no model version and no roll-out changes for any customer until you unfreeze.')
          : t('Not frozen. A freeze stops every change of model versions and roll-outs, for every customer, within a second.')}
      </p>
      <ConfirmButton
        label={freeze.isPending ? t('Applying…') : frozen ? t('Unfreeze') : t('Freeze everything')}
        title={frozen ? t('Unfreeze') : t('Freeze everything')}
        warning={
          frozen
            ? t('Model versions and roll-outs can change again, for every customer, within a second.')
            : t(
                'No model version and no roll-out changes for any customer, from the next second on. Calls continue with the models they use now; where a model is no longer allowed, they are refused.',
              )
        }
        confirm={frozen ? t('Unfreeze now') : t('Freeze now')}
        kind={frozen ? 'act' : 'stop'}
        busy={freeze.isPending}
        act={() => freeze.mutate()}
      />
      {freeze.isError ? <Refused problem={problemOf(freeze.error)} /> : null}
    </Panel>
  );
}
