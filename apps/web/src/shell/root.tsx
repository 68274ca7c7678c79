import { type QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { type ComponentType, StrictMode } from 'react';

import { App } from './app.tsx';

/** The whole page. `SignIn`: see `App`. */
export function Root({ client, SignIn }: { readonly client: QueryClient; readonly SignIn?: ComponentType }) {
  return (
    <StrictMode>
      <QueryClientProvider client={client}>
        <App SignIn={SignIn} />
      </QueryClientProvider>
    </StrictMode>
  );
}
