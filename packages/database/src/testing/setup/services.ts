import { sweepTestDatabases } from './sweep.ts';

/** The suites on outside services need all three of them; with PURSER_REQUIRE_SERVICES=1 a missing one fails the run here. */
export default function setup(): () => Promise<void> {
  const missing = ['DATABASE_URL', 'REDIS_URL', 'NATS_URL'].filter((name) => !process.env[name]);
  if (missing.length > 0) throw new Error(`PURSER_REQUIRE_SERVICES=1, but not set: ${missing.join(', ')}`);
  const server = process.env['DATABASE_URL'] ?? '';
  return () => sweepTestDatabases(server);
}
