export type { GatewayDeps } from './deps.ts';
