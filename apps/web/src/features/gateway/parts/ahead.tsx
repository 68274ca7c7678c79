import type { CreditForecast, Usage } from '@purser/api';
import { useNow } from '../../../browser/now.ts';
import { bandOf } from '../words/forecast.ts';
import { dayWords } from '../../../words/time.ts';
import { t } from '../../../words/translate.ts';

/** When ceiling and credits are used up at this pace, with how sure that is. */
export function Ahead({ usage: { forecast, degraded, meters } }: { readonly usage: Usage }) {
  const refresh = meters.find(({ window }) => window === 'billing_period')?.resets_at ?? null;
  return (
    <div className="grid gap-4">
      <div>
        <h3 className="label text-ink-soft">{t('Credits')}</h3>
        <p>{forecast.credits.text}</p>
        <Band forecast={forecast.credits} refresh={refresh} />
      </div>
      {forecast.text === undefined ? null : (
        <div>
          <h3 className="label text-ink-soft">{t('Cost ceiling')}</h3>
          <p>{forecast.text}</p>
        </div>
      )}
      {degraded.length === 0 ? (
        <p className="text-ink-soft">{t('Nothing is throttled: every call gets the best your plan allows.')}</p>
      ) : null}
    </div>
  );
}

/** From now to the refresh: hatched is when the credits may run out, the mark when they most likely do. The text says the same. */
function Band({ forecast, refresh }: { readonly forecast: CreditForecast; readonly refresh: string | null }) {
  const now_ms = useNow(60_000);
  const band = refresh === null ? undefined : bandOf(forecast, refresh, now_ms);
  if (band === undefined || refresh === null) return null;
  const left = (share: number) => `${(share * 100).toFixed(2)}%`;
  return (
    <div aria-hidden="true" className="mt-3">
      <div className="relative h-5 rounded-[3px] border border-edge bg-well">
        <div className="absolute inset-y-0 left-0 bg-store" style={{ width: left(band.from) }} />
        <div className="hatched absolute inset-y-0" style={{ left: left(band.from), width: left(band.to - band.from) }} />
        {band.likely === null ? null : (
          <div className="absolute -inset-y-1 w-1 rounded-full bg-oxide-paint" style={{ left: left(band.likely) }} />
        )}
      </div>
      <div className="mt-1 flex justify-between text-sm text-ink-faint">
        <span>{t('now')}</span>
        <span>
          {t('resets on')} {dayWords(refresh, now_ms)}
        </span>
      </div>
    </div>
  );
}
