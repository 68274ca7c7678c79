/** Goes on to another site's page, which the server named: by http, and never by a scheme that runs or shows something in this page. */
export function leaveFor(url: string): void {
  const address = new URL(url, window.location.href);
  if (address.protocol !== 'https:' && address.protocol !== 'http:') throw new Error(`no page to go on to: ${address.protocol}`);
  window.location.assign(address.href);
}
