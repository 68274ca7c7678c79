import { isRefusal } from '@purser/core';
import { fasterThanLinear, growthOf, HOSTILE_TEXTS } from '@purser/core/testing';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';

import { scanJson } from './json-scan.ts';

const scan = (text: string) => scanJson(Buffer.from(text));
const detail = (text: string): string | undefined => {
  const scanned = scan(text);
  return isRefusal(scanned) ? scanned.detail : undefined;
};

describe('the bounds of a JSON body', () => {
  it('are 64 levels, of arrays and objects alike, and what stands in a text is no level', () => {
    expect(detail('['.repeat(64) + ']'.repeat(64))).toBeUndefined();
    expect(detail('{"a":'.repeat(65))).toMatch(/nested deeper than 64 levels/);
    expect(detail('['.repeat(4_000_000))).toMatch(/nested deeper than 64 levels/);
    expect(detail(JSON.stringify({ prompt: '['.repeat(1_000) + String.raw`\" {`.repeat(1_000) }))).toBeUndefined();
  });

  it('are 100,000 members and elements in the whole', () => {
    expect(detail(`[${'1,'.repeat(99_998)}1]`)).toBeUndefined();
    expect(detail(`[${'1,'.repeat(100_000)}1]`)).toMatch(/more than 100000 members and elements/);
    expect(detail(`[${'[],'.repeat(60_000)}1]`)).toMatch(/more than 100000 members and elements/);
    expect(detail(JSON.stringify({ prompt: ','.repeat(1_000_000) }))).toBeUndefined();
  });

  it('are 5,000 members in one object, wherever it stands; elements of an array are none', () => {
    const members = (count: number): string => Array.from({ length: count }, (_, index) => `"a${index}":[1,2,3]`).join(',');
    expect(detail(`{${members(5_000)}}`)).toBeUndefined();
    expect(detail(`{${members(5_001)}}`)).toMatch(/an object of the body has more than 5000 members/);
    expect(detail(`{"tools":[{${members(4_999)},"a":{${members(5_001)}}}]}`)).toMatch(/more than 5000 members/);
    expect(detail(`[{${members(4_000)}},{${members(4_000)}}]`)).toBeUndefined();
    expect(detail(`[${'1,'.repeat(50_000)}1]`)).toBeUndefined();
  });

  test.each(Object.entries(HOSTILE_TEXTS))('are found in time that grows as the body does: %s', (_, textOf) => {
    const bodies = new Map<number, Buffer>();
    const bodyOf = (size: number): Buffer => {
      const body = bodies.get(size) ?? Buffer.from(textOf(size));
      bodies.set(size, body);
      return body;
    };
    expect(fasterThanLinear(growthOf((size) => scanJson(bodyOf(size)), { size_max: 1 << 20 }))).toBeUndefined();
  });
});

describe('the user a body names', () => {
  const json = fc.json({ maxDepth: 3 }).map((text): unknown => JSON.parse(text));

  it('is the one that the parsed body has, wherever it stands and however it is written', () => {
    const member = fc.tuple(
      fc.oneof(
        fc.constantFrom('"user"', String.raw`"\u0075ser"`, '"users"', '"model"'),
        fc.string().map((key) => JSON.stringify(key)),
      ),
      fc.oneof(
        fc.string().map((text) => JSON.stringify(text)),
        json.map((value) => JSON.stringify(value)),
      ),
    );
    fc.assert(
      fc.property(fc.array(member, { maxLength: 6 }), (members) => {
        const text = `{${members.map(([key, value]) => `${key} : ${value}`).join(' ,')}}`;
        const { user } = JSON.parse(text) as { user?: unknown };
        const scanned = scan(text);
        expect(isRefusal(scanned)).toBe(false);
        if (typeof user === 'string' && !isRefusal(scanned)) expect(scanned.user).toBe(user);
      }),
      { numRuns: 2_000 },
    );
  });

  it('is nobody where the body is no object, or its user no text', () => {
    for (const text of ['', '"user"', '["user","x"]', '{"user":1}', '{"a":{"user":"x"}}', '{"user"', '{"user":"x', 'user:"x"']) {
      expect(scan(text), text).toEqual({ user: undefined });
    }
  });
});
