/*
 * Where the API is. Usually the server that gave this page: then a cookie signs requests, which scripts cannot read. A page that is
 * served from elsewhere is built with `VITE_PURSER_API=https://api.example`: browsers send no cookies there, so the page holds its
 * session token itself.
 */

const API = String(import.meta.env['VITE_PURSER_API'] ?? '').replace(/\/+$/, '');
const TOKEN = 'purser-session';

/** Whether the API is of another origin than this page. */
export const isElsewhere = API !== '';

/** Signs in: `session_wish` goes with the request, and what comes back is kept where it has to be. */
export const session_wish: { readonly cookie?: false } = isElsewhere ? { cookie: false } : {};

export function keepToken(token: string | undefined): void {
  if (!isElsewhere) return;
  if (token === undefined) localStorage.removeItem(TOKEN);
  else localStorage.setItem(TOKEN, token);
}

/** As `fetch`, at the API, signed by whoever is signed in. */
export function fetchApi(path: string, init: RequestInit): Promise<Response> {
  if (!isElsewhere) return fetch(path, { credentials: 'same-origin', ...init });
  const headers = new Headers(init.headers);
  const token = localStorage.getItem(TOKEN);
  if (token !== null) headers.set('authorization', `Bearer ${token}`);
  return fetch(`${API}${path}`, { ...init, credentials: 'omit', headers });
}
