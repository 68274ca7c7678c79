import { usePathname } from '../browser/route.ts';
import type { Action } from '../words/problem.ts';
import { Link } from './link.tsx';

/** The way to the page where something can be done about a "no"; nothing on that page itself. */
export function Forward({ action, className = '' }: { readonly action: Action | undefined; readonly className?: string }) {
  const here = usePathname();
  if (action === undefined || action.to === here) return null;
  return (
    <p className={className}>
      <Link to={action.to}>{action.label}</Link>
    </p>
  );
}
