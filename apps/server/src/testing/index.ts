export { fillMeter } from './fill-meter.ts';
export { like } from './json.ts';
export { longestTurnMs } from './longest-turn.ts';
export { type Answered, type Asked, eventsIn, startTestServer, type TestServer } from './test-server.ts';
export { startTwoTenants, type Tenant, tenantTables, type TwoTenants } from './two-tenants.ts';
