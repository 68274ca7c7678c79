import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A page of an origin of its own, with nothing on it. */
export async function serveEmptyPage(): Promise<{ readonly origin: string; readonly close: () => void }> {
  const serving = createServer((_request, response) =>
    response.setHeader('content-type', 'text/html').end('<!doctype html><title>app</title>'),
  );
  await new Promise<void>((resolve) => {
    serving.listen(0, '127.0.0.1', resolve);
  });
  return { origin: `http://127.0.0.1:${(serving.address() as AddressInfo).port}`, close: () => serving.close() };
}
