import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { assessment } from './assess.ts';
import { chat } from './chat.ts';
import { draft } from './draft.ts';
import { outline } from './outline.ts';
import { keyPhrases } from './rank.ts';
import { refine } from './refine.ts';
import { readRequest } from './request.ts';
import { findings } from './research.ts';
import { rewrite } from './rewrite.ts';
import { summarise } from './summarise.ts';
import { ARTICLE, requestOf, THAI } from './testing.ts';
import { fit, sentencesOf } from './text.ts';

describe('sentences and key phrases', () => {
  test('abbreviations, decimals and headings do not cut a sentence wrongly', () => {
    expect(sentencesOf('# Title\nDr. Lee paid $3.50. was it good? Yes!\n- a point')).toEqual([
      'Title',
      'Dr. Lee paid $3.50.',
      'was it good?',
      'Yes!',
      'a point',
    ]);
  });

  test('Thai is cut at clauses, never inside a word or before its figure’s unit', () => {
    const sentences = sentencesOf(THAI);
    expect(sentences.length).toBeGreaterThan(2);
    expect(sentences.join(' ')).toBe(THAI);
    expect(sentences[0]).toContain('24 ชั่วโมง');
  });

  test('what recurs comes first, and no phrase contains another', () => {
    const phrases = keyPhrases(ARTICLE, 5);
    expect(phrases[0]?.toLowerCase()).toBe('cold brew');
    for (const a of phrases) for (const b of phrases) if (a !== b) expect(a.toLowerCase()).not.toContain(b.toLowerCase());
    expect(keyPhrases(THAI, 3)[0]).toBe('กาแฟสกัดเย็น');
  });
});

describe('summarise', () => {
  test('takes sentences word for word, in reading order, as many as asked', () => {
    for (const text of [ARTICLE, THAI]) {
      const all = sentencesOf(text);
      const picked = sentencesOf(summarise({ ...requestOf(text, 'summarise'), count: 2 }));
      expect(picked).toHaveLength(2);
      const places = picked.map((sentence) => all.indexOf(sentence));
      expect(places.every((place) => place >= 0)).toBe(true);
      expect(places).toEqual(places.toSorted((a, b) => a - b));
    }
  });

  test('a summary is never longer than its text', () => {
    fc.assert(
      fc.property(fc.lorem({ mode: 'sentences', maxCount: 30 }), (text) => {
        expect(summarise(requestOf(text, 'summarise')).length).toBeLessThanOrEqual(text.length);
      }),
    );
  });

  test('points come as a list when asked for', () => {
    expect(summarise(requestOf(`Summarise in 3 bullet points:\n${ARTICLE}`))).toMatch(/^- .+\n- .+\n- .+$/u);
  });
});

describe('rewrite', () => {
  test('a tweet fits 280 characters, whatever the text', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.lorem({ mode: 'sentences', maxCount: 20 }), fc.string({ maxLength: 900 }), fc.constantFrom(ARTICLE, THAI)),
        (text) => {
          expect(rewrite(requestOf(`Platform: X\n\n${text} end`, 'rewrite')).length).toBeLessThanOrEqual(280);
        },
      ),
    );
  });

  test('a professional tone writes contractions out and drops shouting; a friendly one does the reverse', () => {
    const formal = rewrite(requestOf("Rewrite in a formal tone:\nWe don't shout! It's awesome coffee!"));
    expect(formal).toBe('We do not shout. It is excellent coffee.');
    expect(rewrite(requestOf('Rewrite in a friendly tone:\nIt is good. Do not miss it.'))).toContain("It's good. Don't miss it.");
  });

  test('hashtags come from the key phrases, in the language of the text', () => {
    expect(rewrite(requestOf(`Rewrite for Instagram:\n${ARTICLE}`))).toContain('#ColdBrew');
    expect(rewrite(requestOf(`เขียนใหม่สำหรับเฟซบุ๊ก:\n${THAI}`))).toContain('#กาแฟสกัดเย็น');
  });
});

describe('outline and draft', () => {
  test('an outline sorts the caller’s sentences under their key phrases', () => {
    const text = outline(requestOf(ARTICLE, 'outline'));
    expect(text).toMatch(/^# Cold brew/u);
    expect(text).toContain('## 1. Cold brew');
    expect(text).toContain('- Grind size matters: a coarse grind keeps the brew clear.');
  });

  test('a draft keeps every sentence it was given and adds no figure of its own', () => {
    const text = draft(requestOf(ARTICLE, 'draft'));
    for (const sentence of sentencesOf(ARTICLE)) expect(text).toContain(sentence);
    const figures = new Set(ARTICLE.match(/\d+/gu));
    for (const figure of text.match(/\d+/gu) ?? []) expect(figures).toContain(figure);
  });

  test('a bare topic gives questions and marked gaps, no made-up facts', () => {
    const text = draft(requestOf('Write a blog post about home espresso'));
    expect(text).toContain('## What is home espresso?');
    expect(text.match(/\[Answer here/gu)?.length).toBeGreaterThan(2);
    expect(draft(requestOf('เขียนบทความเกี่ยวกับกาแฟสกัดเย็น'))).toContain('กาแฟสกัดเย็น คืออะไร');
  });
});

describe('assess (B4)', () => {
  test('scores the seven criteria from 0 to 100 with the figures behind them', () => {
    fc.assert(
      fc.property(fc.oneof(fc.constantFrom(ARTICLE, THAI, ''), fc.string({ maxLength: 400 })), (text) => {
        const { criteria, score, method } = assessment(requestOf(text, 'assess'));
        expect(method).toBe('rules');
        expect(criteria.map((criterion) => criterion.name)).toEqual([
          'content_quality',
          'seo',
          'relevance',
          'tone',
          'structure',
          'originality',
          'completeness',
        ]);
        for (const value of [score, ...criteria.map((criterion) => criterion.score)]) {
          expect(Number.isInteger(value) && value >= 0 && value <= 100).toBe(true);
        }
      }),
    );
  });

  test('headings, length and a calm tone score higher than their lack', () => {
    const score = (text: string, name: string): number =>
      assessment(requestOf(text, 'assess')).criteria.find((criterion) => criterion.name === name)?.score ?? -1;
    expect(score(`# Cold brew\n\n${ARTICLE}\n\n## Coffee\n\n${ARTICLE}`, 'structure')).toBeGreaterThan(
      score(ARTICLE, 'structure'),
    );
    expect(score(ARTICLE.repeat(4), 'originality')).toBeLessThan(score(ARTICLE, 'originality'));
    expect(score(`${ARTICLE} BUY NOW!!! REALLY VERY GREAT!!!!!`, 'tone')).toBeLessThan(score(ARTICLE, 'tone'));
  });
});

test('research extracts facts word for word, names, keywords, and asks for what is not supported', () => {
  const found = findings(requestOf(ARTICLE, 'research'));
  expect(found.facts).toContain('Cold brew is coffee steeped in cold water for 12 to 24 hours.');
  expect(found.names).toContain('Chiang Mai');
  expect(found.keywords[0]?.toLowerCase()).toBe('cold brew');
  expect(found.questions.length).toBeGreaterThan(0);
});

test('refine removes doubled words and sentences, wordiness and loose spaces, and keeps headings and lists', () => {
  const text =
    '# A title\n\nIn order to make make coffee , utilize fresh beans!!! fresh beans are very important. Fresh beans are important.\n\n- a   point';
  expect(refine(requestOf(text, 'refine'))).toBe(
    '# A title\n\nTo make coffee, use fresh beans! Fresh beans are important.\n\n- A point',
  );
});

describe('chat', () => {
  const answerTo = (...messages: string[]): string =>
    chat(
      readRequest(
        messages.map((content) => ({ role: 'user' as const, content })),
        'chat',
      ),
    );

  test('answers a question with the sentences that speak to it, from this message or an earlier one', () => {
    expect(answerTo(`${ARTICLE}\n\nHow long does cold brew keep?`)).toContain(
      'Cold brew keeps for up to ten days in the fridge.',
    );
    expect(answerTo(ARTICLE, 'When does the shop roast its beans?')).toContain('every Tuesday');
    expect(answerTo(THAI, 'ร้านคั่วเมล็ดวันไหน')).toContain('อังคาร');
  });

  test('says plainly what it is when there is nothing to work on, and that it does not know when the text does not say', () => {
    expect(answerTo('hello')).toContain('no model');
    expect(answerTo('สวัสดี')).toContain('ไม่ใช่โมเดล');
    expect(answerTo(ARTICLE, 'Who is the president of Peru?')).toContain('does not say');
  });
});

test('a fitted text is never longer than allowed and ends at a word', () => {
  fc.assert(
    fc.property(fc.lorem({ maxCount: 30 }), fc.integer({ min: 2, max: 80 }), (text, max) => {
      expect(fit(text, max).length).toBeLessThanOrEqual(max);
    }),
  );
});
