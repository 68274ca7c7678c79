import { useQuery } from '@tanstack/react-query';

import { t } from '../../../words/translate.ts';
import { alertCountQuery } from '../api/count.ts';

/** More is said to be more. */
const SHOWN_MAX = 99;

function Badge({ operator }: { readonly operator: boolean }) {
  const count = useQuery(alertCountQuery(operator));
  const unseen = count.data?.unseen ?? 0;
  if (unseen === 0) return null;
  const critical = (count.data?.critical ?? 0) > 0;
  return (
    <span
      className={`figures max-md:absolute max-md:-top-2 max-md:-right-4 min-w-4.5 rounded-full px-1 text-center text-[0.6875rem] leading-4.5 font-bold ${critical ? 'bg-[#c43a22] text-white' : 'bg-signal text-on-signal'}`}
    >
      <span aria-hidden="true">{unseen > SHOWN_MAX ? `${SHOWN_MAX}+` : unseen}</span>
      <span className="sr-only">{t('{count, plural, one {# new} other {# new}}', { count: unseen })}</span>
    </span>
  );
}

export const WorkspaceBadge = () => <Badge operator={false} />;
export const OperatorBadge = () => <Badge operator />;
