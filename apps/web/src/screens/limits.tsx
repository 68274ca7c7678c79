import { useQuery } from '@tanstack/react-query';
import { usageQuery } from '../api/queries.ts';
import type { Usage } from '../api/wire.ts';
import { useNow } from '../now.ts';
import { Failed, Loading, PageHead, Panel } from '../parts/states.tsx';
import { formatCount } from '../words/amount.ts';
import { meterWords } from '../words/meter.ts';
import { dayWords } from '../words/time.ts';
import { CeilingMeter, CreditMeter, SmallMeter, smallMeters } from './stores.tsx';

/** Every meter, with what it limits and when it is fresh again. */
export function LimitsPage() {
  const usage = useQuery(usageQuery);
  return (
    <>
      <PageHead title="Limits">
        A call runs only when every one of these has room for the dearest it could get. Solid is left, hatched is held by calls
        that are running.
      </PageHead>
      {usage.isPending ? <Loading what="your limits" lines={6} /> : null}
      {usage.isError && usage.data === undefined ? <Failed error={usage.error} retry={() => void usage.refetch()} /> : null}
      {usage.data === undefined ? null : <LimitsOf usage={usage.data} />}
    </>
  );
}

function LimitsOf({ usage }: { readonly usage: Usage }) {
  const now_ms = useNow(60_000);
  const small = smallMeters(usage);
  return (
    <div className="grid items-start gap-4 sm:gap-6 lg:grid-cols-2">
      <div className="grid gap-4 sm:gap-6">
        <Panel title="Money and credits">
          <div className="grid gap-7">
            <div>
              <CeilingMeter usage={usage} />
              <p className="mt-2 text-sm text-ink-soft">{meterWords('cost').about}</p>
            </div>
            <div>
              <CreditMeter usage={usage} />
              <p className="mt-2 text-sm text-ink-soft">{meterWords('credits').about}</p>
            </div>
          </div>
        </Panel>
        <Panel title="How it looks ahead">
          <p>{usage.forecast.text}</p>
          {usage.degraded.length === 0 ? (
            <p className="mt-2 text-ink-soft">Nothing is throttled: every call gets the best your plan allows.</p>
          ) : (
            <ul className="mt-2 list-disc space-y-1 pl-5">
              {usage.degraded.map((step) => (
                <li key={step.what}>
                  <strong>{step.what.replaceAll('_', ' ')}</strong>: {step.why}
                </li>
              ))}
            </ul>
          )}
        </Panel>
      </div>
      <div className="grid gap-4 sm:gap-6">
        <Panel title="Quotas">
          {small.length === 0 ? <p className="text-ink-soft">Your plan sets no other limits.</p> : null}
          <div className="grid gap-6">
            {small.map((meter) => (
              <SmallMeter key={`${meter.key} ${meter.window}`} meter={meter} about />
            ))}
          </div>
        </Panel>
        <Panel title="Plan">
          <dl className="grid grid-cols-[auto_1fr] gap-x-6 gap-y-2">
            <dt className="text-ink-soft">Plan</dt>
            <dd className="font-semibold">{usage.plan_name}</dd>
            <dt className="text-ink-soft">Licence</dt>
            <dd className="font-semibold">{usage.license.replaceAll('_', ' ')}</dd>
            {usage.credits.expiring.map((grant) => (
              <div key={grant.expires_at} className="contents">
                <dt className="text-ink-soft">Lapses {dayWords(grant.expires_at, now_ms)}</dt>
                <dd className="figures font-semibold">{formatCount(grant.credits)} credits</dd>
              </div>
            ))}
          </dl>
        </Panel>
      </div>
    </div>
  );
}
