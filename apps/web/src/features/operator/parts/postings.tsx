import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useId, useState } from 'react';
import { postingsQuery, workspacesQuery } from '../../../api/queries.ts';
import type { Posting } from '../../../api/wire-operator.ts';
import { Button } from '../../../ui/button.tsx';
import { Empty, Failed, Loading } from '../../../ui/states.tsx';
import { decimalOf } from '../../../words/amount.ts';
import { quantityWords } from '../../../words/meter.ts';
import { momentWords } from '../../../words/time.ts';

/** Every posting, newest first, of all workspaces or of one. */
export function Postings() {
  const field_id = useId();
  const [workspace_id, setWorkspace] = useState('');
  const workspaces = useQuery(workspacesQuery());
  const known = workspaces.data?.workspaces ?? [];
  return (
    <>
      <div className="mb-4">
        <label htmlFor={field_id} className="label mb-1.5 block text-ink-soft">
          Of
        </label>
        <select
          id={field_id}
          value={workspace_id}
          onChange={(event) => setWorkspace(event.target.value)}
          className="min-h-11 w-full max-w-sm rounded-md border border-edge bg-deck px-3 text-base"
        >
          <option value="">every workspace</option>
          {known.map((workspace) => (
            <option key={workspace.id} value={workspace.id}>
              {workspace.name}
            </option>
          ))}
        </select>
      </div>
      <PostingList workspace_id={workspace_id} names={new Map(known.map(({ id, name }) => [id, name]))} />
    </>
  );
}

function PostingList({ workspace_id, names }: { readonly workspace_id: string; readonly names: ReadonlyMap<string, string> }) {
  const pages = useInfiniteQuery(postingsQuery(workspace_id));
  if (pages.isPending) return <Loading what="the postings" lines={5} />;
  if (pages.isError) return <Failed error={pages.error} retry={() => void pages.refetch()} />;
  const postings = pages.data.pages.flatMap((page) => page.postings);
  if (postings.length === 0) return <Empty title="No postings">Nothing has been granted, spent or paid here yet.</Empty>;
  return (
    <>
      <ul className="divide-y divide-rule border-y border-rule">
        {postings.map((posting) => (
          <PostingRow key={decimalOf(posting.id)} posting={posting} owner={names.get(posting.workspace_id)} />
        ))}
      </ul>
      {pages.hasNextPage ? (
        <Button className="mt-4" disabled={pages.isFetchingNextPage} onClick={() => void pages.fetchNextPage()}>
          {pages.isFetchingNextPage ? 'Reading older postings…' : 'Older postings'}
        </Button>
      ) : null}
    </>
  );
}

function Side({ name }: { readonly name: string }) {
  return <span className="label inline-block w-10 text-ink-faint sm:w-auto">{name}</span>;
}

function postingWords({ amount, unit }: Posting): string {
  const words = quantityWords(amount, unit);
  return unit === 'credit' ? `${words} cr` : words;
}

function PostingRow({ posting, owner }: { readonly posting: Posting; readonly owner: string | undefined }) {
  return (
    <li className="grid grid-cols-[1fr_auto] gap-x-4 gap-y-0.5 py-2 md:grid-cols-[minmax(0,1.6fr)_minmax(0,1fr)_10rem_9rem]">
      <p className="font-medium">
        <Side name="debit" /> {posting.debit} <span className="max-sm:block" />
        <span className="sm:ml-3">
          <Side name="credit" /> {posting.credit}
        </span>
        {posting.memo === null || posting.memo === '' ? null : (
          <span className="block text-sm font-normal text-ink-soft">{posting.memo}</span>
        )}
      </p>
      <p className="truncate text-sm text-ink-soft max-md:order-3">{owner ?? posting.workspace_id}</p>
      <p className="text-sm text-ink-faint max-md:order-4 max-md:text-right">{momentWords(posting.at)}</p>
      <p className="figures text-right font-semibold max-md:order-2">{postingWords(posting)}</p>
    </li>
  );
}
