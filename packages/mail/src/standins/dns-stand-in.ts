import { createSocket } from 'node:dgram';

import packet from 'dns-packet';

export interface DnsStandIn {
  /** `127.0.0.1:port` */
  readonly address: string;
  /** By type and name: what is answered; a name that is not there does not exist. */
  readonly records: Map<string, readonly string[]>;
  /** It does not answer any more. */
  silent: boolean;
  close(): Promise<void>;
}

/** A name server over UDP that answers for TXT and CNAME. */
export async function startDnsStandIn(): Promise<DnsStandIn> {
  const socket = createSocket('udp4');
  const standIn = { address: '', records: new Map<string, readonly string[]>(), silent: false, close: closing };
  socket.on('message', (message, { address, port }) => {
    const { id, questions } = packet.decode(message);
    const [question] = questions ?? [];
    if (question === undefined || standIn.silent) return;
    const { name, type } = question;
    const values = standIn.records.get(`${type} ${name.toLowerCase()}`) ?? [];
    const known = [...standIn.records.keys()].some((key) => key.endsWith(` ${name.toLowerCase()}`));
    const answers = values.map((data): packet.Answer =>
      type === 'TXT' ? { type: 'TXT', name, ttl: 1, data: chunks(data) } : { type: 'CNAME', name, ttl: 1, data },
    );
    // RD and RA, and NXDOMAIN where there is no such name.
    const flags = 0x0180 | (known ? 0 : 3);
    socket.send(
      packet.encode({ type: 'response', ...(id !== undefined && { id }), flags, questions: [question], answers }),
      port,
      address,
    );
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  standIn.address = `127.0.0.1:${socket.address().port}`;
  return standIn;

  function closing(): Promise<void> {
    return new Promise<void>((resolve) => socket.close(() => resolve()));
  }
}

/** A text of a record has parts of 255 bytes at most. */
function chunks(text: string): string[] {
  return text.match(/.{1,255}/gu) ?? [''];
}
