export { HAS_PGBOUNCER, OwnPgBouncer } from './own-pgbouncer.ts';
export { installedPostgres, OwnPostgres } from './own-postgres.ts';
export { HAS_REDIS_SERVER, OwnRedis } from './own-redis.ts';
export { TcpProxy } from './tcp-proxy.ts';
