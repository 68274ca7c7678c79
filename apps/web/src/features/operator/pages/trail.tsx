import { useInfiniteQuery } from '@tanstack/react-query';
import { auditQuery, verifyAudit } from '../../../api/queries.ts';
import type { AuditEntry, AuditVerification } from '../../../api/wire-operator.ts';
import { Button } from '../../../ui/button.tsx';
import { Empty, Failed, Loading, PageHead, Panel } from '../../../ui/states.tsx';
import { decimalOf, formatCount } from '../../../words/amount.ts';
import { momentWords } from '../../../words/time.ts';
import { Verification, type Verdict } from '../parts/verification.tsx';

/** The audit trail: sealed in a chain, so that nobody can change the past unseen. */
export function TrailPage() {
  return (
    <>
      <PageHead title="Trail">
        Who did what, in order. Each block carries the seal of the one before it, so a changed or missing row breaks the chain
        from there on.
      </PageHead>
      <div className="grid gap-4 sm:gap-6">
        <Panel title="Is the trail whole?">
          <Verification
            label="Verify the trail"
            working="Walking the chain from its first block…"
            idle="Walks the chain from the first block to the last and computes every seal again, over entries, postings and attempts."
            verify={async () => auditVerdict(await verifyAudit())}
          />
        </Panel>
        <Panel title="Entries">
          <Entries />
        </Panel>
      </div>
    </>
  );
}

function auditVerdict({ intact, entries, head, first_broken, guards }: AuditVerification): Verdict {
  return {
    good: intact,
    headline: intact ? 'Intact' : 'Broken',
    words: intact
      ? 'No sealed row was changed, removed or slipped in. Keep a copy of the head elsewhere: it stands for everything before it.'
      : 'A sealed row was changed, removed or slipped in. Compare with an export you kept.',
    figures: [
      { name: 'Sealed rows', value: formatCount(entries) },
      { name: 'Head', value: <code className="font-sans text-base font-medium">{head ?? 'nothing sealed yet'}</code> },
    ],
    findings: [
      ...(first_broken === null ? [] : [`block ${formatCount(first_broken.seq)}: ${first_broken.reason}`]),
      ...guards.map((guard) => `guard: ${guard}`),
    ],
  };
}

function Entries() {
  const pages = useInfiniteQuery(auditQuery);
  if (pages.isPending) return <Loading what="the trail" lines={5} />;
  if (pages.isError) return <Failed error={pages.error} retry={() => void pages.refetch()} />;
  const entries = pages.data.pages.flatMap((page) => page.entries);
  if (entries.length === 0)
    return <Empty title="Nothing written yet">Making a workspace, changing a plan or giving credits leaves an entry here.</Empty>;
  return (
    <>
      <ul className="divide-y divide-rule border-y border-rule">
        {entries.map((entry) => (
          <Entry key={decimalOf(entry.id)} entry={entry} />
        ))}
      </ul>
      {pages.hasNextPage ? (
        <Button className="mt-4" disabled={pages.isFetchingNextPage} onClick={() => void pages.fetchNextPage()}>
          {pages.isFetchingNextPage ? 'Reading older entries…' : 'Older entries'}
        </Button>
      ) : null}
    </>
  );
}

function Entry({ entry }: { readonly entry: AuditEntry }) {
  const detail = Object.entries(entry.detail)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name.replaceAll('_', ' ')} ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' · ');
  return (
    <li className="grid grid-cols-[1fr_auto] gap-x-4 gap-y-0.5 py-2.5">
      <p className="font-semibold">{entry.action.replaceAll(/[._]/g, ' ')}</p>
      <p className="text-sm text-ink-faint">{momentWords(entry.at)}</p>
      <p className="col-span-2 text-sm [overflow-wrap:anywhere] text-ink-soft">
        {entry.actor}
        {detail === '' ? '' : ` · ${detail}`}
      </p>
    </li>
  );
}
