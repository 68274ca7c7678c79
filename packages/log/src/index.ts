export { createLog, type Log, redactSecrets } from './log.ts';
