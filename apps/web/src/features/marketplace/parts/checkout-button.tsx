import { useMutation } from '@tanstack/react-query';
import { useRef } from 'react';
import { newIdempotencyKey, post, problemOf } from '../../../api/client.ts';
import type { Problem } from '../../../api/problem.ts';
import { leaveFor } from '../../../browser/leave.ts';
import { Button } from '../../../ui/button.tsx';
import { PayButton } from './pay-button.tsx';
import { Refused } from '../../../ui/refused.tsx';
import { t } from '../../../words/translate.ts';

export type Wanted = { readonly pack: string; readonly quantity: number } | { readonly plan: string };

interface Props {
  readonly wanted: Wanted;
  readonly label: string;
  /** What is bought, for those who hear the button alone. */
  readonly about: string;
  readonly kind?: 'act' | 'plain';
}

/** Leads to the payment page. What is asked for twice because the connection broke opens the same page, not a second one. */
export function CheckoutButton({ wanted, label, about, kind = 'act' }: Props) {
  const unknown = useRef<{ body: string; key: string }>(undefined);
  const checkout = useMutation({
    mutationFn: () => {
      const body = JSON.stringify(wanted);
      const idempotency_key = unknown.current?.body === body ? unknown.current.key : newIdempotencyKey();
      unknown.current = { body, key: idempotency_key };
      return post<{ url: string }>('/api/marketplace/checkout', wanted, { idempotency_key });
    },
    onSuccess: ({ url }) => leaveFor(url),
    onError: (error) => {
      if (problemOf(error).status !== 0) unknown.current = undefined;
    },
  });
  const leaving = checkout.isPending || checkout.isSuccess;
  return (
    <>
      <Button kind={kind} disabled={leaving} onClick={() => checkout.mutate()} className="min-w-28">
        {leaving ? t('Opening the payment page…') : label}
        {about === '' || leaving ? null : <span className="sr-only">: {about}</span>}
      </Button>
      {checkout.isError ? <NotSold problem={problemOf(checkout.error)} /> : null}
    </>
  );
}

function NotSold({ problem }: { readonly problem: Problem }) {
  if (problem.code !== 'limit_reached')
    return (
      <div className="w-full">
        <Refused problem={problem} />
      </div>
    );
  // A plan is changed where its subscription is kept.
  return (
    <div className="w-full">
      <Refused problem={problem} />
      <div className="mt-3">
        <PayButton label={t('Change the subscription')} />
      </div>
    </div>
  );
}
