import { renderToString } from 'react-dom/server';

import { newQueryClient, sessionQuery } from '../api/queries.ts';
import { Root } from './root.tsx';
import { SignIn } from './sign-in.tsx';

/** The first screen of a reader without a session, as the build writes it into `signed-out.html`; `main.tsx` brings it to life. */
export function renderSignedOut(): string {
  const client = newQueryClient();
  client.setQueryData(sessionQuery.queryKey, null);
  return renderToString(<Root client={client} SignIn={SignIn} />);
}
