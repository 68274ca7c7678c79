import { createLog } from '@purser/log';

import { watchLastResort } from './last-resort.ts';

/** A process in which something goes wrong that nobody catches: `node last-resort.fixture.ts rejection | exception`. It ends when it is asked to, or after a second. */
const log = createLog({ level: 'error' });
const ended = Promise.withResolvers<string>();
const watching = watchLastResort(log, ended.resolve);
watching.count = (work) => console.log(`counted ${work}`);
setTimeout(() => ended.resolve('it was time'), 1_000);
if (process.argv[2] === 'rejection') Promise.withResolvers().reject(new Error('nobody waits for this'));
else
  setTimeout(() => {
    throw new Error('nobody catches this');
  });
console.log(`ended because of ${await ended.promise}`);
