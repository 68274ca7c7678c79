import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type NetConnectOpts, type Socket } from 'node:net';

const PORTS: Readonly<Record<string, number>> = { 'redis:': 6379, 'postgres:': 5432, 'postgresql:': 5432 };

/** A door in front of a real service that can be shut (as when it is killed), jammed (as when it hangs) and opened again. */
export class TcpProxy {
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer((client) => this.#pass(client));
  #service: URL;
  #port = 0;
  #jammed = false;

  constructor(url: string) {
    this.#service = new URL(url);
  }

  /** The service's address by way of the door; known once it has been opened. */
  get url(): string {
    const url = new URL(this.#service);
    url.host = `127.0.0.1:${this.#port}`;
    url.searchParams.delete('host');
    return url.href;
  }

  async open(): Promise<void> {
    this.#jammed = false;
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  /** New connections come to another service, as when a name moves; those that are open stay where they are. */
  leadTo(url: string): void {
    this.#service = new URL(url);
  }

  /** From now on nothing comes back. */
  jam(): void {
    this.#jammed = true;
  }

  async shut(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  /** A Postgres of our own listens on a socket in a folder, named by `host` in the query. */
  #way(): NetConnectOpts {
    const port = Number(this.#service.port || PORTS[this.#service.protocol]);
    const folder = this.#service.searchParams.get('host');
    return folder === null ? { port, host: this.#service.hostname } : { path: `${folder}/.s.PGSQL.${port}` };
  }

  #pass(client: Socket): void {
    const service = connect(this.#way());
    client.pipe(service);
    service.on('data', (answer) => {
      if (!this.#jammed) client.write(answer);
    });
    for (const [socket, other] of [
      [client, service],
      [service, client],
    ] as const) {
      this.#sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
    }
  }
}
