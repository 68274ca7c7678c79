import { t } from '../words/translate.ts';

/** Something is on its way. */
export function Loading({ what, lines = 3 }: { readonly what: string; readonly lines?: number }) {
  return (
    <div role="status" className="space-y-3 py-2">
      <span className="sr-only">
        {t('Loading')} {what}
      </span>
      {Array.from({ length: lines }, (_, line) => (
        <div
          key={line}
          aria-hidden="true"
          className="h-5 animate-pulse rounded bg-rule"
          style={{ width: `${92 - line * 13}%` }}
        />
      ))}
    </div>
  );
}
