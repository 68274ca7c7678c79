import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Download } from 'lucide-react';
import { useState } from 'react';
import { invoiceLinesQuery, statementCsv, statementQuery } from '../api/statement.ts';
import type { StatementLine } from '../../../api/wire.ts';
import { useNow } from '../../../browser/now.ts';
import { FileLink } from '../../../ui/file-link.tsx';
import { Choice } from '../../../ui/choice.tsx';
import { OlderButton } from '../../../ui/older-button.tsx';
import { Empty, Failed, Loading, PageHead, Panel } from '../../../ui/states.tsx';
import { compare, decimalOf, formatCount, formatMoney } from '../../../words/amount.ts';
import { changeWords } from '../../../words/meter.ts';
import { movementWords } from '../words/movement.ts';
import { dayWords, momentWords, monthStart } from '../../../words/time.ts';

type Since = 'month' | 'last' | 'all';

/** Where the credits came from and went, to the last one. */
export function StatementPage() {
  const [since, setSince] = useState<Since>('month');
  const month = monthStart(useNow(3_600_000), since === 'last' ? -1 : 0);
  const from = since === 'all' ? undefined : month;
  return (
    <>
      <PageHead title="Statement">
        Every movement of your credits, newest first, with what you had after it. It is counted from the books themselves.
      </PageHead>
      <div className="grid gap-4 sm:gap-6">
        <PaidAsOneGoes />
        <Panel
          title="Movements"
          aside={
            <FileLink
              href={statementCsv(from)}
              className="flex min-h-11 items-center gap-1.5 font-semibold text-store underline underline-offset-3"
            >
              <Download size={16} aria-hidden="true" /> CSV
            </FileLink>
          }
        >
          <div className="mb-4">
            <Choice
              legend="Since"
              hide_legend
              name="since"
              value={since}
              onChange={setSince}
              options={[
                { value: 'month', label: 'This month' },
                { value: 'last', label: 'Since last month' },
                { value: 'all', label: 'All' },
              ]}
            />
          </div>
          <Lines from={from} />
        </Panel>
      </div>
    </>
  );
}

function Lines({ from }: { readonly from: string | undefined }) {
  const pages = useInfiniteQuery(statementQuery(from));
  if (pages.isPending) return <Loading what="your statement" lines={6} />;
  if (pages.isError) return <Failed error={pages.error} retry={() => void pages.refetch()} />;
  const lines = pages.data.pages.flatMap((page) => page.lines);
  if (lines.length === 0)
    return (
      <Empty title="No movements">
        Credits of the month, gifts and packs come in here; what each call took goes out, with the number of its transaction.
      </Empty>
    );
  return (
    <>
      <ul className="divide-y divide-rule border-y border-rule" data-testid="statement">
        {lines.map((line, place) => (
          <Line key={`${line.transaction_id} ${place}`} line={line} />
        ))}
      </ul>
      <OlderButton what="movements" pages={pages} />
    </>
  );
}

function Line({ line }: { readonly line: StatementLine }) {
  const gained = compare(decimalOf(line.credits), '0') > 0;
  return (
    <li className="grid grid-cols-[1fr_auto] items-baseline gap-x-4 gap-y-0.5 py-2.5 lg:grid-cols-[minmax(0,1fr)_11rem_7rem_8rem]">
      <div className="min-w-0">
        <p className="font-semibold">{movementWords(line)}</p>
        {line.reason === null || line.reason === '' ? null : <p className="text-sm text-ink-soft">{line.reason}</p>}
        <p className="text-xs [overflow-wrap:anywhere] text-ink-faint">{line.transaction_id}</p>
      </div>
      <p className="text-sm text-ink-faint max-lg:order-3">{momentWords(line.at)}</p>
      <p className={`figures text-right text-lg font-semibold max-lg:order-2 ${gained ? 'text-fair' : ''}`}>
        {changeWords('0', line.credits) ?? '0'}
      </p>
      <p className="figures text-right text-sm text-ink-soft max-lg:order-4">
        <span className="sr-only">then </span>
        {formatCount(line.balance)} left
      </p>
    </li>
  );
}

/** Credits beyond the granted ones, sold one by one: what the next invoice will ask for. Nothing when there are none. */
function PaidAsOneGoes() {
  const now_ms = useNow(3_600_000);
  const invoice = useQuery(invoiceLinesQuery);
  if (invoice.data === undefined || invoice.data.lines.length === 0) return null;
  return (
    <Panel title="On the next invoice">
      <ul className="figures divide-y divide-rule border-y border-rule">
        {invoice.data.lines.map((line) => (
          <li key={line.price.amount} className="flex flex-wrap items-baseline justify-between gap-x-4 py-2.5">
            <p>
              {formatCount(line.credits)} credits paid as you go, {formatMoney(line.price)} each
              {line.final ? (
                ''
              ) : (
                <span className="text-ink-soft"> so far, until {dayWords(invoice.data.period.end, now_ms)}</span>
              )}
            </p>
            <p className="font-semibold">{formatMoney(line.amount)}</p>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
