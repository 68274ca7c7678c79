import { createRoot, hydrateRoot } from 'react-dom/client';

import './styles.css';
import { newQueryClient, sessionQuery } from './api/queries.ts';
import { applyTheme } from './browser/theme.ts';
import { loadLanguage } from './words/language.ts';

applyTheme();

const element = document.getElementById('root');
if (element === null) throw new Error('the page has no #root');
// Not awaited here: what is imported then shares a file with this one, which has to be done by then.
void show(element);

async function show(root: HTMLElement): Promise<void> {
  const client = newQueryClient();
  // Served with the page to readers without a session: its first screen is there before any script is.
  const given = root.hasChildNodes();
  if (given) client.setQueryData(sessionQuery.queryKey, null);
  // Who reads is asked, and the page they go to is fetched, while the rest is on its way.
  else void client.prefetchQuery(sessionQuery);
  const ahead = given ? undefined : import('./shell/screens.tsx');
  // Words are put into their language when a module is first read: the language comes first.
  const language = await loadLanguage();
  if (given) {
    const [{ Root }, { SignIn }] = await Promise.all([import('./shell/root.tsx'), import('./shell/sign-in.tsx')]);
    const app = <Root client={client} SignIn={SignIn} />;
    // It is there in English.
    if (language === 'en') hydrateRoot(root, app);
    else createRoot(root).render(app);
  } else {
    const [{ Root }, screens] = await Promise.all([import('./shell/root.tsx'), ahead]);
    screens?.fetchPageAhead(window.location.pathname);
    createRoot(root).render(<Root client={client} />);
  }
}
