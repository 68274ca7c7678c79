import { Component, type ReactNode } from 'react';

import { Button } from '../ui/button.tsx';
import { t } from '../words/translate.ts';

interface State {
  readonly broken: boolean;
}

/** A page that broke, or whose part could not be loaded, says so; the frame and every other page go on. */
export class Boundary extends Component<{ readonly children: ReactNode }, State> {
  override state: State = { broken: false };

  static getDerivedStateFromError(): State {
    return { broken: true };
  }

  override render(): ReactNode {
    if (!this.state.broken) return this.props.children;
    return (
      <div role="alert" className="rounded-xl border-l-[6px] border-oxide-paint bg-deck px-5 py-6 shadow-deck">
        <h1 className="narrow text-3xl font-semibold">{t('This page could not be shown')}</h1>
        <p className="mt-1 max-w-prose text-ink-soft">
          {t(
            'A part of it did not load, or something broke. Nothing was changed. Reload; if it happens again, tell the operator.',
          )}
        </p>
        <Button className="mt-4" onClick={() => window.location.reload()}>
          {t('Reload')}
        </Button>
      </div>
    );
  }
}
