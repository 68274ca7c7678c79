import { t } from '../words/translate.ts';
import { Loading } from '../ui/loading.tsx';

/** Before it is known who reads. */
export function Waiting() {
  return (
    <div className="mx-auto max-w-xl p-8">
      <Loading what={t('your session')} />
    </div>
  );
}
