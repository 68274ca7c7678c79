import { QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';

import './styles.css';
import { newQueryClient, sessionQuery } from './api/queries.ts';
import { applyTheme } from './browser/theme.ts';
import { loadLanguage } from './words/language.ts';

applyTheme();

const root = document.getElementById('root');
if (root === null) throw new Error('the page has no #root');

const client = newQueryClient();
// Who reads is asked while the rest is on its way.
void client.prefetchQuery(sessionQuery);
// Words are put into their language when a module is first read: the language comes first.
await loadLanguage();
const { App } = await import('./shell/app.tsx');

createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={client}>
      <App />
    </QueryClientProvider>
  </StrictMode>,
);
