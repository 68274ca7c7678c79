import { describe, expect, it } from 'vitest';
import { bandOf } from './forecast.ts';
import { instantMs } from '../../../words/time.ts';

const NOW = '2026-11-01T00:00:00Z';
const REFRESH = '2026-11-11T00:00:00Z';
const out = { outlook: 'out', text: '' } as const;
const band = (forecast: Parameters<typeof bandOf>[0]) => bandOf(forecast, REFRESH, instantMs(NOW));

describe('the band of a forecast', () => {
  it('lies between now and the refresh, with the likeliest day within (C12)', () => {
    const days = { earliest: '2026-11-03T00:00:00Z', exhausted_at: '2026-11-06T00:00:00Z', latest: '2026-11-09T00:00:00Z' };
    expect(band({ ...out, ...days })).toEqual({ from: 0.2, to: 0.8, likely: 0.5 });
  });

  it('reaches the refresh when the late end lies behind it', () => {
    const days = { earliest: '2026-11-06T00:00:00Z', exhausted_at: null, latest: null };
    expect(band({ ...out, outlook: 'lasts', ...days })).toEqual({ from: 0.5, to: 1, likely: null });
  });

  it('is not drawn when nobody knows, or nothing runs out', () => {
    const nothing = { earliest: null, exhausted_at: null, latest: null };
    expect(band({ ...nothing, outlook: 'unknown', text: '' })).toBeUndefined();
    expect(band({ ...nothing, outlook: 'lasts', text: '' })).toBeUndefined();
    expect(band({ ...nothing, outlook: 'exhausted', exhausted_at: NOW, text: '' })).toBeUndefined();
  });
});
