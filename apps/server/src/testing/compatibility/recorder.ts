import { createServer, request as forward } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Stands between a client and a server and keeps what the client sent last: what it leaves out by itself nobody else can be blamed for. */
export interface Recorder {
  readonly url: string;
  readonly last: () => string;
  close(): Promise<void>;
}

export async function startRecorder(target: string): Promise<Recorder> {
  let last = '';
  const { hostname, port } = new URL(target);
  const server = createServer((asked, answer) => {
    const chunks: Buffer[] = [];
    asked.on('data', (chunk: Buffer) => chunks.push(chunk));
    asked.on('end', () => {
      last = Buffer.concat(chunks).toString();
      const { method, url: path, headers } = asked;
      const passed = forward({ hostname, port, method, path, headers }, (given) => {
        answer.writeHead(given.statusCode ?? 502, given.headers);
        given.pipe(answer);
      });
      passed.on('error', (error) => answer.destroy(error));
      passed.end(last);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    last: () => last,
    async close() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}
