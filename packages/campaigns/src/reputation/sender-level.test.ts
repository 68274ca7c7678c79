import { expect, test } from 'vitest';

import { judgeSender } from './sender-level.ts';

test.each([
  [{ sent: 1_000, bounced: 20, complained: 0 }, 'good'],
  [{ sent: 1_000, bounced: 21, complained: 0 }, 'warned'],
  [{ sent: 1_000, bounced: 50, complained: 0 }, 'warned'],
  [{ sent: 1_000, bounced: 51, complained: 0 }, 'stopped'],
  [{ sent: 10_000, bounced: 0, complained: 8 }, 'good'],
  [{ sent: 10_000, bounced: 0, complained: 9 }, 'warned'],
  [{ sent: 10_000, bounced: 0, complained: 10 }, 'warned'],
  [{ sent: 10_000, bounced: 0, complained: 11 }, 'stopped'],
  // Few are judged as if they were many: 100 for bounces, 1,000 for complaints.
  [{ sent: 3, bounced: 1, complained: 0 }, 'good'],
  [{ sent: 3, bounced: 3, complained: 0 }, 'warned'],
  [{ sent: 20, bounced: 6, complained: 0 }, 'stopped'],
  [{ sent: 3, bounced: 0, complained: 1 }, 'warned'],
  [{ sent: 3, bounced: 0, complained: 2 }, 'stopped'],
  [{ sent: 0, bounced: 0, complained: 0 }, 'good'],
])('%o is %s: beyond 2 and 5 %% of bounces, 0.08 and 0.1 %% of complaints', (figures, level) => {
  expect(judgeSender(figures).level).toBe(level);
});

test('the worse of both says why', () => {
  expect(judgeSender({ sent: 1_000, bounced: 30, complained: 2 })).toEqual({ level: 'stopped', reason: 'complaints' });
  expect(judgeSender({ sent: 1_000, bounced: 60, complained: 2 })).toEqual({ level: 'stopped', reason: 'bounces' });
});
