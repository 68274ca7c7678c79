export { scratchDatabase, scratchFolder } from './scratch.ts';
export { type EmbeddedDatabase, startEmbedded } from './start.ts';
export { makeFolder } from './open-folder.ts';
