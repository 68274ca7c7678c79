import type { Operation, Usage } from '@purser/api';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, type RefObject, lazy, Suspense } from 'react';
import { CALLS_KEY, operationsQuery, usageQuery } from '../../../api/queries.ts';
import { Link } from '../../../ui/link.tsx';
import { Loading } from '../../../ui/loading.tsx';
import { Empty, Failed, Panel } from '../../../ui/states.tsx';
import { askable } from '../words/operation.ts';
import { HowItGoes } from '../parts/how-it-goes.tsx';
import { LastCalls } from '../parts/last-calls.tsx';
import { Composer } from '../parts/composer.tsx';
import { Stores } from '../parts/stores.tsx';
import { type Run, useRun } from '../parts/run.ts';
import { t } from '../../../words/translate.ts';

/** Loaded when the first task is run: whoever reads the page first needs none of it. */
const AnswerPanel = lazy(async () => ({ default: (await import('../parts/answer.tsx')).AnswerPanel }));

/** Brings the answer into view when a call starts or is refused: on a phone it lies below the fold, so there it moves to the top. */
function useInView(phase: Run['phase']): RefObject<HTMLDivElement | null> {
  const element = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (phase !== 'reserved' && phase !== 'refused') return;
    const calm = window.matchMedia('(prefers-reduced-motion: reduce)').matches;
    const roomy = window.matchMedia('(min-width: 64rem)').matches;
    element.current?.scrollIntoView({ block: roomy ? 'nearest' : 'start', behavior: calm ? 'auto' : 'smooth' });
  }, [phase]);
  return element;
}

/** Reads the calls again whenever the books moved: a stopped call is booked only once its provider has been heard out. */
function useCallsFollow(usage: Usage | undefined): void {
  const client = useQueryClient();
  const books = usage === undefined ? '' : JSON.stringify([usage.cost?.spent, usage.credits.balance, usage.credits.held]);
  useEffect(() => {
    if (books !== '') void client.invalidateQueries({ queryKey: CALLS_KEY });
  }, [client, books]);
}

/** The plan has nothing that a prompt could ask for, or the catalog sells nothing of the kind. */
function NothingToAsk({ operations }: { readonly operations: readonly Operation[] }) {
  const sold = operations.some(({ task }) => task === 'text');
  return (
    <Panel title={t('Your task')}>
      <Empty title={sold ? t('Your plan does not include this') : t('Nothing to try here')}>
        {sold ? <Link to="/plan">{t('See the plans that do')}</Link> : t('No operation of this catalog writes text.')}
      </Empty>
    </Panel>
  );
}

/** Type a task, see the answer, what it cost and what it left. The meters stand beside what they limit. */
export function TryPage() {
  const operations = useQuery(operationsQuery);
  const usage = useQuery(usageQuery);
  const { run, start, stop } = useRun();
  useCallsFollow(usage.data);
  const answer = useInView(run.phase);
  return (
    <>
      <h1 className="sr-only">{t('Try it')}</h1>
      <div className="grid items-start gap-4 sm:gap-6 lg:grid-cols-[minmax(0,1fr)_21rem]">
        <div className="order-2 grid gap-4 sm:gap-6 lg:order-1">
          {operations.isPending ? (
            <Panel title={t('Your task')}>
              <Loading what={t('the operations')} lines={5} />
            </Panel>
          ) : operations.isError ? (
            <Failed error={operations.error} retry={() => void operations.refetch()} />
          ) : askable(operations.data).length === 0 ? (
            <NothingToAsk operations={operations.data} />
          ) : (
            <Composer operations={askable(operations.data)} usage={usage.data} run={run} start={start} stop={stop} />
          )}
          <div ref={answer} className="scroll-mt-20 scroll-mb-24 md:scroll-mt-32">
            {run.phase === 'idle' ? (
              <HowItGoes />
            ) : (
              <Suspense fallback={<Loading what={t('the answer')} lines={4} />}>
                <AnswerPanel run={run} again={start} />
              </Suspense>
            )}
          </div>
        </div>
        <aside aria-label={t('Limits')} className="order-1 lg:sticky lg:top-34 lg:order-2">
          <Stores usage={usage} />
        </aside>
      </div>
      <Panel title={t('Recent calls')} aside={<Link to="/calls">{t('All calls')}</Link>} className="mt-4 sm:mt-6">
        <LastCalls />
      </Panel>
    </>
  );
}
