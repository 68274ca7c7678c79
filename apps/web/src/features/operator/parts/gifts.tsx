import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { problemOf } from '../../../api/client.ts';
import { giftsQuery, takeBackGift, type GivenGift } from '../api/operator.ts';
import { usageOf } from '../../../api/queries.ts';
import { useNow } from '../../../browser/now.ts';
import { ConfirmButton } from '../../../ui/confirm-button.tsx';
import { Refused } from '../../../ui/refused.tsx';
import { Failed, Loading } from '../../../ui/states.tsx';
import { compare, decimalOf, formatCount } from '../../../words/amount.ts';
import { dayWords } from '../../../words/time.ts';
import { GiftForm } from './gift-form.tsx';

/** Giving credits away, what was given, and taking back what is unspent. */
export function Gifts({ workspace_id }: { readonly workspace_id: string }) {
  const gifts = useQuery(giftsQuery(workspace_id));
  return (
    <div className="grid gap-5">
      <GiftForm workspace_id={workspace_id} />
      {gifts.isPending ? <Loading what="its gifts" lines={2} /> : null}
      {gifts.isError ? <Failed error={gifts.error} retry={() => void gifts.refetch()} /> : null}
      {gifts.data === undefined || gifts.data.gifts.length === 0 ? null : (
        <ul className="divide-y divide-rule border-y border-rule" data-testid="gifts">
          {gifts.data.gifts.map((gift) => (
            <Row key={gift.id} gift={gift} workspace_id={workspace_id} />
          ))}
        </ul>
      )}
    </div>
  );
}

function Row({ gift, workspace_id }: { readonly gift: GivenGift; readonly workspace_id: string }) {
  const now_ms = useNow(60_000);
  const client = useQueryClient();
  const take = useMutation({
    mutationFn: () => takeBackGift(gift.id, 'taken back on the page'),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: giftsQuery(workspace_id).queryKey });
      void client.invalidateQueries({ queryKey: usageOf(workspace_id).queryKey });
    },
  });
  const left = formatCount(gift.left);
  const ended = compare(decimalOf(gift.left), '0') === 0;
  return (
    <li className="flex flex-wrap items-center gap-x-3 gap-y-1 py-2.5">
      <p className="min-w-0 flex-1 basis-48 [overflow-wrap:anywhere]">
        <strong className="figures">{formatCount(gift.credits)} credits</strong> {gift.reason}
        <span className="figures block text-sm text-ink-faint">
          {dayWords(gift.given_at, now_ms)} · {formatCount(gift.used)} spent · {left} left
          {gift.expires_at === null ? '' : ` · expires ${dayWords(gift.expires_at, now_ms)}`}
        </span>
      </p>
      {ended ? null : (
        <ConfirmButton
          label={
            <>
              Take back<span className="sr-only"> {gift.reason}</span>
            </>
          }
          title={`Take back ${left} credits`}
          warning={`The customer loses ${left} credits at once; what is spent of the gift stays spent. The statement and the audit log say so.`}
          confirm="Take them back"
          busy={take.isPending}
          act={() => take.mutate()}
        />
      )}
      {take.isError ? <Refused problem={problemOf(take.error)} /> : null}
    </li>
  );
}
