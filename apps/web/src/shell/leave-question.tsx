import { ConfirmDialog } from '../ui/confirm-dialog.tsx';
import { t } from '../words/translate.ts';

interface Props {
  readonly leave: () => void;
  readonly stay: () => void;
}

/** Asked before what was typed is left behind. */
export function LeaveQuestion({ leave, stay }: Props) {
  return (
    <ConfirmDialog title={t('Leave without saving?')} confirm={t('Discard changes')} busy={false} act={leave} close={stay}>
      <p>{t('What you typed on this page is not saved.')}</p>
    </ConfirmDialog>
  );
}
