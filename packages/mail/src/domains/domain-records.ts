/** A record that the owner of a domain sets, so that mail may be sent in its name. */
export interface DomainRecord {
  readonly purpose: 'ownership' | 'dkim' | 'spf' | 'dmarc';
  readonly type: 'TXT' | 'CNAME';
  readonly name: string;
  readonly value: string;
}

/** What a domain is to say: whose it is, that SES signs and sends for it, and what becomes of what nobody signed. */
export function recordsOf(domain: string, token: string, dkim_tokens: readonly string[]): readonly DomainRecord[] {
  return [
    { purpose: 'ownership', type: 'TXT', name: `_purser.${domain}`, value: `purser-verification=${token}` },
    ...dkim_tokens.map((one): DomainRecord => {
      return { purpose: 'dkim', type: 'CNAME', name: `${one}._domainkey.${domain}`, value: `${one}.dkim.amazonses.com` };
    }),
    { purpose: 'spf', type: 'TXT', name: domain, value: 'v=spf1 include:amazonses.com ~all' },
    { purpose: 'dmarc', type: 'TXT', name: `_dmarc.${domain}`, value: 'v=DMARC1; p=none;' },
  ];
}
