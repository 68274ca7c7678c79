import { isRefusal } from '@purser/core';
import { describe, expect, it } from 'vitest';

import { CAMPAIGN_STATUSES, movesFrom, refusedMove } from './campaign-state.ts';

describe('the states of a campaign', () => {
  it('allow the moves that are listed, and no others', () => {
    const moves = Object.fromEntries(CAMPAIGN_STATUSES.map((status) => [status, movesFrom(status)]));
    expect(moves).toEqual({
      draft: ['change', 'test', 'schedule', 'cancel'],
      scheduled: ['change', 'test', 'schedule', 'cancel'],
      sending: ['pause', 'cancel'],
      paused: ['resume', 'cancel'],
      sent: [],
      cancelled: [],
    });
  });

  it('say in a refusal which one it is in, and what can be done instead', () => {
    const refused = refusedMove('sending', 'schedule');
    expect(isRefusal(refused)).toBe(true);
    expect(refused).toMatchObject({
      code: 'campaign_state',
      detail: 'the campaign is sending and cannot be scheduled; possible now: pause, cancel',
    });
    expect(refusedMove('sent', 'cancel')).toMatchObject({ detail: 'the campaign is sent and cannot be cancelled; it is over' });
    expect(refusedMove('paused', 'resume')).toBeUndefined();
  });
});
