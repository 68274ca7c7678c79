import { inBackground } from '@purser/core';
import { startEmbedded } from './start.ts';

// A process that owns a database until it is told to stop, or killed: `node owner.fixture.ts <data folder> <stage>`.
const [dataDir = '', stage = ''] = process.argv.slice(2);
const log: string[] = [];
try {
  const database = await startEmbedded({ dataDir, stage, log: (line) => log.push(line) });
  process.on('SIGTERM', () => {
    inBackground(
      database.stop().then(() => process.exit(0)),
      () => process.exit(1),
    );
  });
  console.log(JSON.stringify({ url: database.url, folder: database.folder, pid: database.pid(), log }));
  setInterval(() => {}, 60_000);
} catch (error) {
  console.log(JSON.stringify({ refused: error instanceof Error ? error.message : String(error), log }));
}
