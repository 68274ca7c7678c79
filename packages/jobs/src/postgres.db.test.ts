import { postgresQueue } from './index.ts';
import { openBench } from './testing.ts';
import { describeGuarantees } from './testing-guarantees.ts';

describeGuarantees('Postgres', () => openBench(postgresQueue));
