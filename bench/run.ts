import { benchCatalogs } from './catalogs/run.ts';
import { benchCredits } from './credits/run.ts';
import { benchGateway } from './gateway/run.ts';
import { benchFlatness, benchHolds } from './holds/run.ts';
import { benchJobs } from './jobs/run.ts';
import { benchKills } from './kills/run.ts';
import { benchKilledLives } from './lives/killed.ts';
import { benchLives } from './lives/run.ts';
import { benchLimits } from './limits/run.ts';
import { benchMutants } from './mutants/run.ts';
import { benchPage } from './page/run.ts';
import { benchScale } from './scale/run.ts';
import { benchStart } from './start/run.ts';
import { benchSteps } from './steps/run.ts';
import { benchTables } from './tables/run.ts';
import { benchTerms } from './terms/run.ts';

const BENCHES: Record<string, (quick: boolean) => Promise<void>> = {
  holds: benchHolds,
  flatness: benchFlatness,
  gateway: benchGateway,
  jobs: benchJobs,
  kills: benchKills,
  limits: benchLimits,
  lives: benchLives,
  'lives-killed': benchKilledLives,
  scale: benchScale,
  credits: benchCredits,
  steps: benchSteps,
  start: benchStart,
  tables: benchTables,
  page: benchPage,
  terms: benchTerms,
  catalogs: benchCatalogs,
};

const words = process.argv.slice(2);
// Neither a measurement nor quick: only when it is asked for, and what follows are files.
if (words[0] === 'mutants') {
  await benchMutants(words.slice(1));
  process.exit(0);
}
const quick = words.includes('--quick');
const wanted = words.filter((word) => !word.startsWith('--'));
const unknown = wanted.filter((name) => !Object.hasOwn(BENCHES, name));
if (unknown.length > 0) {
  console.error(
    `bench: there is no '${unknown.join(', ')}'; want any of ${Object.keys(BENCHES).join(', ')}, and --quick; or mutants, and files`,
  );
  process.exit(1);
}
for (const [name, run] of Object.entries(BENCHES)) {
  if (wanted.length === 0 || wanted.includes(name)) await run(quick);
}
