import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Snowflake } from 'lucide-react';
import { problemOf } from '../../../api/client.ts';
import { laddersQuery, setFreeze } from '../api/operator.ts';
import type { Ladders, Standing } from '../../../api/wire-operator.ts';
import { useNow } from '../../../browser/now.ts';
import { ConfirmButton } from '../../../ui/confirm-button.tsx';
import { Gauge } from '../../../ui/gauge.tsx';
import { Refused } from '../../../ui/refused.tsx';
import { Empty, Failed, Loading, PageHead, Panel } from '../../../ui/states.tsx';
import { WorkspaceLink } from '../parts/workspace-link.tsx';
import { levelOf, quantityWords } from '../../../words/meter.ts';
import { rungWords } from '../../gateway/words/rung.ts';
import { agoWords } from '../../../words/time.ts';

/** Where every ladder stands: what is served less well, for whom, since when and why. */
export function LaddersPage() {
  const ladders = useQuery(laddersQuery);
  return (
    <>
      <PageHead title="Ladders">
        As a budget is used up, each rung serves a little less well, so that nothing stops with a bang. What raises the budget
        climbs back at once.
      </PageHead>
      {ladders.isPending ? <Loading what="the ladders" lines={5} /> : null}
      {ladders.isError && ladders.data === undefined ? (
        <Failed error={ladders.error} retry={() => void ladders.refetch()} />
      ) : null}
      {ladders.data === undefined ? null : <All ladders={ladders.data} />}
    </>
  );
}

function All({ ladders }: { readonly ladders: Ladders }) {
  const { shared, workspaces, workspaces_on_a_rung, frozen } = ladders;
  return (
    <div className="grid gap-4 sm:gap-6">
      <Panel title="Shared by everybody">
        {shared.length === 0 ? (
          <Empty title="No shared ladder">The catalog watches no budget or pool that all share.</Empty>
        ) : (
          <ul className="grid gap-6">
            {shared.map((standing) => (
              <Ladder key={standing.ladder} standing={standing} />
            ))}
          </ul>
        )}
      </Panel>
      <Panel title="Workspaces on a rung">
        {workspaces.length === 0 ? (
          <Empty title="Nobody is throttled">A workspace shows here when its spending comes to the first rung of its plan.</Empty>
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
            {workspaces_on_a_rung > workspaces.length ? (
              <p className="mt-3 text-sm text-ink-soft">
                The {workspaces.length} farthest down of {workspaces_on_a_rung} are shown.
              </p>
            ) : null}
          </>
        )}
      </Panel>
      <Freeze frozen={frozen} />
    </div>
  );
}

function Ladder({ standing }: { readonly standing: Standing }) {
  const now_ms = useNow(30_000);
  const { ladder, rung, rungs, since, effects, spent, cap, unit, workspace_id } = standing;
  const level = levelOf({ cap, used: spent, held: 0 });
  const words = `${quantityWords(spent, unit)} of ${quantityWords(cap, unit)} spent`;
  return (
    <li>
      <div className="mb-1 flex flex-wrap items-baseline justify-between gap-x-4">
        <h3 className="narrow text-xl font-semibold">
          {workspace_id === null ? <span className="capitalize">{ladder}</span> : <WorkspaceLink id={workspace_id} />}
        </h3>
        <p className={`font-semibold ${rung === 0 ? 'text-fair' : 'text-oxide'}`}>
          {rung === 0 ? 'no rung: all is served in full' : `rung ${rung} of ${rungs}`}
        </p>
      </div>
      <Gauge level={level} name={`Ladder ${ladder}`} words={words} />
      <p className="figures mt-1.5 text-sm text-ink-soft">
        {words}
        {workspace_id === null ? '' : ' when it came here'}
        {since === null || rung === 0 ? '' : `, since ${agoWords(since, now_ms)}`}
      </p>
      {effects.length === 0 ? null : (
        <ul className="mt-2 list-disc pl-5 text-[0.9375rem]">
          {effects.map(({ what, why }) => (
            <li key={what}>
              {rungWords(what)} <span className="text-ink-soft">because {why}</span>
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
    <Panel title="Emergency freeze">
      <p className="mb-4 flex max-w-prose gap-2.5 text-ink-soft">
        <Snowflake size={20} aria-hidden="true" className={`mt-0.5 shrink-0 ${frozen ? 'text-store' : ''}`} />
        {frozen
          ? 'Frozen: no model version and no roll-out moves, for anybody, until you unfreeze.'
          : 'Not frozen. A freeze holds every model version and every roll-out where it is, for everybody, within a second.'}
      </p>
      <ConfirmButton
        label={freeze.isPending ? 'Telling every server…' : frozen ? 'Unfreeze' : 'Freeze everything'}
        title={frozen ? 'Unfreeze' : 'Freeze everything'}
        warning={
          frozen
            ? 'Model versions and roll-outs can change again, for every customer, within a second.'
            : 'No model version and no roll-out changes for any customer, from the next second on. Calls go on with what they use now; where a model is not allowed any more, they are refused.'
        }
        confirm={frozen ? 'Unfreeze now' : 'Freeze now'}
        kind={frozen ? 'act' : 'stop'}
        busy={freeze.isPending}
        act={() => freeze.mutate()}
      />
      {freeze.isError ? <Refused problem={problemOf(freeze.error)} /> : null}
    </Panel>
  );
}
