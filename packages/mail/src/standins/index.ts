export { type DnsStandIn, startDnsStandIn } from './dns-stand-in.ts';
export { type SesMood, type SesStandIn, startSesStandIn, type TakenMessage } from './ses-stand-in.ts';
export { selfSigned, type SnsMessageOptions, type SnsStandIn, startSnsStandIn } from './sns-stand-in.ts';
