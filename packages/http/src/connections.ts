import type { Server } from 'node:http';
import type { Socket } from 'node:net';

import { networkOf } from './address.ts';

const BODY = JSON.stringify({
  type: '/problems/overloaded',
  title: 'Overloaded',
  status: 503,
  code: 'overloaded',
  detail: 'this address has reached its limit of open connections; use those, or close some',
  retry_after: 1,
});
const REFUSED = `HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/problem+json\r\nretry-after: 1\r\ncontent-length: ${Buffer.byteLength(BODY)}\r\nconnection: close\r\n\r\n${BODY}`;

/**
 * Closes what one address opens beyond `address_max`, before a byte of it is read: the others keep their room among `maxConnections`.
 * A proxy of our own brings the connections of all.
 */
export function boundConnections(
  server: Server,
  address_max: number,
  isOwnProxy: (address: string | undefined) => boolean,
): void {
  const open = new Map<string, number>();
  server.prependListener('connection', (socket: Socket) => {
    if (isOwnProxy(socket.remoteAddress)) return;
    const from = networkOf(socket.remoteAddress ?? '');
    const count = open.get(from) ?? 0;
    if (count >= address_max) {
      socket.end(REFUSED);
      // Who does not take even that is not waited for.
      socket.destroySoon();
      return;
    }
    open.set(from, count + 1);
    socket.once('close', () => {
      const left = (open.get(from) ?? 1) - 1;
      if (left === 0) open.delete(from);
      else open.set(from, left);
    });
  });
}
