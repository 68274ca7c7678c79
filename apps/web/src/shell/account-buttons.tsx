import { useQueryClient } from '@tanstack/react-query';
import { LogOut, Monitor, Moon, Sun, type LucideIcon } from 'lucide-react';

import { change } from '../api/client.ts';
import { sessionQuery } from '../api/queries.ts';
import { keepToken } from '../api/server.ts';
import { chooseTheme, useTheme, type Theme } from '../browser/theme.ts';
import { t } from '../words/translate.ts';

export const THEMES: Record<
  Theme,
  { readonly next: Theme; readonly label: string; readonly to_next: string; readonly icon: LucideIcon }
> = {
  system: { next: 'light', label: t('Colors follow the system'), to_next: t('Change to light colors'), icon: Monitor },
  light: { next: 'dark', label: t('Light colors'), to_next: t('Change to dark colors'), icon: Sun },
  dark: { next: 'system', label: t('Dark colors'), to_next: t('Let colors follow the system'), icon: Moon },
};

export function ThemeButton({ paint = 'text-on-hull-soft hover:text-on-hull' }: { readonly paint?: string }) {
  const { next, label, to_next, icon: Icon } = THEMES[useTheme()];
  return (
    <button
      type="button"
      onClick={() => chooseTheme(next)}
      aria-label={`${label}. ${to_next}`}
      title={to_next}
      className={`grid size-11 place-items-center rounded-md ${paint}`}
    >
      <Icon size={20} aria-hidden="true" />
    </button>
  );
}

/** The cookie is the server's to clear; when it cannot be reached the page must not pretend. */
export function useSignOut(): () => Promise<void> {
  const client = useQueryClient();
  return async () => {
    await client.cancelQueries();
    await change('DELETE', '/api/session');
    keepToken(undefined);
    client.setQueryData(sessionQuery.queryKey, null);
    client.removeQueries({ predicate: (query) => query.queryKey[0] !== sessionQuery.queryKey[0] });
  };
}

export function SignOutButton() {
  const sign_out = useSignOut();
  return (
    <button
      type="button"
      onClick={() => void sign_out()}
      aria-label={t('Sign out')}
      title={t('Sign out')}
      className="-mr-2 grid size-11 place-items-center rounded-md text-on-hull-soft hover:text-on-hull"
    >
      <LogOut size={20} aria-hidden="true" />
    </button>
  );
}
