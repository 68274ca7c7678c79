import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { problemOf } from '../../../api/client.ts';
import { giftsQuery, takeBackGift, type GivenGift } from '../api/operator.ts';
import { usageOf } from '../../../api/usage.ts';
import { useNow } from '../../../browser/now.ts';
import { ConfirmButton } from '../../../ui/confirm-button.tsx';
import { Refused } from '../../../ui/refused.tsx';
import { Loading } from '../../../ui/loading.tsx';
import { Failed } from '../../../ui/states.tsx';
import { compare, decimalOf, formatCount } from '../../../words/amount.ts';
import { dayWords } from '../../../words/time.ts';
import { GiftForm } from './gift-form.tsx';
import { t } from '../../../words/translate.ts';

/** Giving credits away, what was given, and taking back what is unspent. */
export function Gifts({ workspace_id }: { readonly workspace_id: string }) {
  const gifts = useQuery(giftsQuery(workspace_id));
  return (
    <div className="grid gap-5">
      <GiftForm workspace_id={workspace_id} />
      {gifts.isPending ? <Loading what={t('its gifts')} lines={2} /> : null}
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
        <strong className="figures">{t('{count} credits', { count: formatCount(gift.credits) })}</strong> {gift.reason}
        <span className="figures block text-sm text-ink-faint">
          {dayWords(gift.given_at, now_ms)} · {t('{used} spent, {left} left', { used: formatCount(gift.used), left })}
          {gift.expires_at === null ? '' : t(' · expires {day}', { day: dayWords(gift.expires_at, now_ms) })}
        </span>
      </p>
      {ended ? null : (
        <ConfirmButton
          label={
            <>
              {t('Take back')}
              <span className="sr-only"> {gift.reason}</span>
            </>
          }
          title={t('Take back {left} credits', { left })}
          warning={t(
            'The customer loses {left} credits at once; what is spent of the gift stays spent. The statement and the audit log say so.',
            { left },
          )}
          confirm={t('Take back now')}
          busy={take.isPending}
          act={() => take.mutate()}
        />
      )}
      {take.isError ? <Refused problem={problemOf(take.error)} /> : null}
    </li>
  );
}
