import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';

import type { Transaction } from '../../../api/wire-operator.ts';
import { useNow } from '../../../browser/now.ts';
import type { PageProps } from '../../../feature.ts';
import { CopyButton } from '../../../ui/copy.tsx';
import { Loading } from '../../../ui/loading.tsx';
import { Empty, Failed, PageHead, Panel } from '../../../ui/states.tsx';
import { WorkspaceLink } from '../../../ui/workspace-link.tsx';
import { decimalOf, formatCount, formatMoney, type Quantity } from '../../../words/amount.ts';
import { momentWords, tookWords } from '../../../words/time.ts';
import { t } from '../../../words/translate.ts';
import { operationLabel } from '../../gateway/words/operation.ts';
import { outcomeWords } from '../../gateway/words/outcome.ts';
import { transactionQuery } from '../api/tables.ts';
import { entryWords } from '../parts/entry-table.tsx';
import { actionWords, changesOf } from '../words/audit.ts';

/** Everything that is known of one charge: to answer a dispute with. */
export function TransactionPage({ parameters }: PageProps) {
  const id = parameters['id'] ?? '';
  const found = useQuery(transactionQuery(id));
  return (
    <>
      <PageHead title={t('Transaction')} aside={<CopyButton text={id} label={t('Copy the id')} />}>
        <span className="[overflow-wrap:anywhere]">{id}</span>
      </PageHead>
      {found.isPending ? <Loading what={t('the transaction')} lines={6} /> : null}
      {found.isError ? <Failed error={found.error} retry={() => void found.refetch()} /> : null}
      {found.data === undefined ? null : <Found transaction={found.data} />}
    </>
  );
}

function Found({ transaction: { postings, calls, entries } }: { readonly transaction: Transaction }) {
  const now_ms = useNow(60_000);
  const workspace_id = postings[0]?.workspace_id;
  const time = (at: string): string => momentWords(at, { now_ms });
  return (
    <div className="grid grid-cols-1 gap-4 sm:gap-6">
      {workspace_id === undefined ? null : (
        <p className="px-1">
          {t('Workspace')}: <WorkspaceLink id={workspace_id} />
        </p>
      )}
      <Panel title={t('Provider calls')}>
        <Rows
          label={t('Provider calls')}
          head={[
            t('Time'),
            t('Operation'),
            t('Model'),
            t('Outcome'),
            t('Tokens'),
            t('Cost'),
            t('Who'),
            t('Provider’s id'),
            t('Sealed in'),
          ]}
          rows={calls.map((call) => [
            time(call.at),
            operationLabel(call.operation),
            `${call.provider} / ${call.model}`,
            `${outcomeWords(call.outcome).words} · ${tookWords(call.duration_ms)}`,
            call.usage === null
              ? t('not reported')
              : t('{in} in, {out} out', { in: formatCount(call.usage.input_tokens), out: formatCount(call.usage.output_tokens) }),
            call.cost === null || call.cost === undefined ? t('unresolved') : formatMoney(call.cost),
            call.actor,
            call.request_id ?? '',
            sealed(call.sealed_in),
          ])}
          empty={t('No provider was called for it.')}
        />
      </Panel>
      <Panel title={t('Ledger entries')}>
        <Rows
          label={t('Ledger entries')}
          head={[t('Time'), t('Debit'), t('Credit'), t('Amount'), t('Reason'), t('Sealed in')]}
          rows={postings.map((entry) => [
            time(entry.at),
            entry.debit,
            entry.credit,
            entryWords(entry),
            entry.memo ?? '',
            sealed(entry.sealed_in),
          ])}
          empty={t('Nothing was booked for it.')}
        />
      </Panel>
      <Panel title={t('Audit events')}>
        <Rows
          label={t('Audit events')}
          head={[t('Time'), t('Who'), t('What'), t('Details'), t('Sealed in')]}
          rows={entries.map((entry) => [
            time(entry.at),
            entry.actor,
            actionWords(entry.action),
            changesOf(entry.detail).join(' · '),
            sealed(entry.sealed_in),
          ])}
          empty={t('Nobody acted on it by hand.')}
        />
      </Panel>
    </div>
  );
}

function sealed(block: Quantity | null): string {
  return block === null ? t('not yet') : t('block {number}', { number: decimalOf(block) });
}

interface RowsProps {
  readonly label: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly ReactNode[])[];
  readonly empty: string;
}

/** A few rows at most: nothing to order, filter or page. */
function Rows({ label, head, rows, empty }: RowsProps) {
  if (rows.length === 0) return <Empty title={t('None')}>{empty}</Empty>;
  return (
    <div className="overflow-x-auto" role="region" aria-label={label} tabIndex={0}>
      <table role="table" aria-label={label} className="data-table figures">
        <thead role="rowgroup">
          <tr role="row">
            {head.map((name) => (
              <th key={name} role="columnheader" scope="col" className="text-left">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup">
          {rows.map((cells, row) => (
            <tr role="row" key={row}>
              {cells.map((cell, place) => (
                <td role="cell" key={head[place]} data-label={head[place]}>
                  <div className="min-w-0">{cell}</div>
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
