export { type EmbeddedDatabase, startEmbedded } from './start.ts';
