import { describe, expect, it } from 'vitest';
import { policyGroup, policyName, policyValue } from './policy.ts';

describe('a policy in plain words', () => {
  it('names every value, also one it has never met', () => {
    expect(policyName('quotas.tokens_month')).toBe('Tokens a month');
    expect(policyName('features.campaigns')).toBe('Email campaigns');
    expect(policyName('pinned.speech')).toBe('Pinned for speech');
    expect(policyName('quotas.moons_year')).toBe('Quotas moons year');
  });

  it('puts each value where a reader looks for it', () => {
    expect(policyGroup('ceiling')).toBe('Money and credits');
    expect(policyGroup('rate.rpm')).toBe('Rates and sizes');
    expect(policyGroup('features.ai')).toBe('Features');
    expect(policyGroup('pinned.text')).toBe('Models');
  });

  it('says values as people do: on, no limit, sums of money, lists in their order', () => {
    expect(policyValue('features.ai', false)).toBe('off');
    expect(policyValue('quotas.tokens_month', null)).toBe('no limit');
    expect(policyValue('model_class_max', null)).toBe('any');
    expect(policyValue('ceiling', { amount: '13.5915', currency: 'EUR' })).toBe('€13.5915');
    expect(policyValue('providers.text', ['gemini', 'openai'])).toBe('gemini, then openai');
    expect(policyValue('quotas.tokens_month', '9007199254740993')).toBe('9,007,199,254,740,993');
    expect(policyValue('pinned.text', { model: 'gemini/pro', version: '2.5.0' })).toBe('gemini/pro 2.5.0');
  });
});
