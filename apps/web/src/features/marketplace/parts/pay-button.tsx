import { useMutation } from '@tanstack/react-query';
import { ExternalLink } from 'lucide-react';
import { post, problemOf } from '../../../api/client.ts';
import { leaveFor } from '../../../browser/leave.ts';
import { Button } from '../../../ui/button.tsx';
import { Refused } from '../../../ui/refused.tsx';
import { t } from '../../../words/translate.ts';

/** Leads to the page of cards, invoices and the subscription, which the payment provider keeps. */
export function PayButton({ label, kind = 'act' }: { readonly label: string; readonly kind?: 'act' | 'plain' }) {
  const open = useMutation({
    mutationFn: () => post<{ url: string }>('/api/marketplace/portal', undefined),
    onSuccess: ({ url }) => leaveFor(url),
  });
  const leaving = open.isPending || open.isSuccess;
  return (
    <div>
      <Button kind={kind} disabled={leaving} onClick={() => open.mutate()}>
        <ExternalLink size={16} aria-hidden="true" />
        {leaving ? t('Opening the payment page…') : label}
      </Button>
      {open.isError ? <Refused problem={problemOf(open.error)} /> : null}
    </div>
  );
}
