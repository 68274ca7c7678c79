import { Button } from './button.tsx';
import { t } from '../words/translate.ts';

interface Props {
  /** What there is more of, such as "receipts". */
  readonly what: string;
  readonly pages: {
    readonly hasNextPage: boolean;
    readonly isFetchingNextPage: boolean;
    readonly fetchNextPage: () => unknown;
  };
}

/** The way to the next page of a list that is newest first; nothing on its last page. */
export function OlderButton({ what, pages }: Props) {
  if (!pages.hasNextPage) return null;
  return (
    <Button className="mt-4" disabled={pages.isFetchingNextPage} onClick={() => void pages.fetchNextPage()}>
      {pages.isFetchingNextPage ? t('Reading older {what}…', { what }) : t('Older {what}', { what })}
    </Button>
  );
}
