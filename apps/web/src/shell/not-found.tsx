import { Link } from '../ui/link.tsx';
import { t } from '../words/translate.ts';

export function NotFound() {
  return (
    <div className="py-16 text-center">
      <h1 className="narrow text-4xl font-semibold">{t('Page not found')}</h1>
      <p className="mt-2 text-ink-soft">
        {t('There is nothing at this address.')} <Link to="/">{t('Go to the start')}</Link>
      </p>
    </div>
  );
}
