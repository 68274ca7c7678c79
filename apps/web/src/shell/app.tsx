import { useQuery } from '@tanstack/react-query';
import { type ComponentType, lazy, Suspense } from 'react';

import { sessionQuery } from '../api/queries.ts';
import { usePathname } from '../browser/route.ts';
import { Waiting } from './waiting.tsx';

const LateSignIn = lazy(async () => ({ default: (await import('./sign-in.tsx')).SignIn }));
const Screens = lazy(async () => ({ default: (await import('./screens.tsx')).Screens }));

/** `SignIn`: where it is loaded already, as it stands in the page that the server gave. */
export function App({ SignIn = LateSignIn }: { readonly SignIn?: ComponentType | undefined }) {
  const session = useQuery(sessionQuery);
  const pathname = usePathname();
  const sign_in = (
    <Suspense>
      <SignIn />
    </Suspense>
  );
  if (session.data === null && pathname === '/') return sign_in;
  return (
    <Suspense fallback={<Waiting />}>
      <Screens session={session} pathname={pathname} signIn={sign_in} />
    </Suspense>
  );
}
