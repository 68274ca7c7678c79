import { isRefusal } from '@purser/core';
import {
  allowedModels,
  type Catalog,
  findOperation,
  findPlan,
  loadCatalog,
  type ModelEntry,
  type Operation,
} from '@purser/catalog';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';

import { candidatesFor, type RoutingPolicy, type RoutingQuestion } from './candidates.ts';

let catalog: Catalog;
let chat: Operation;

beforeAll(async () => {
  catalog = await loadCatalog(new URL('../../../catalogs/default.yaml', import.meta.url).pathname);
  chat = findOperation(catalog, 'chat')!;
});

function policy(plan: string, change: Partial<RoutingPolicy> = {}): RoutingPolicy {
  const { model_policy, visibility } = findPlan(catalog, plan)!;
  return { ...model_policy, visibility, ...change };
}

function ask(plan: string, configured: string[], more: Partial<RoutingQuestion> = {}) {
  const found = candidatesFor({
    operation: chat,
    complexity: 'medium',
    policy: policy(plan),
    models: catalog.models,
    providersConfigured: new Set(configured),
    ...more,
  });
  return isRefusal(found) ? `${found.code}: ${found.detail}` : found.models.map((model) => model.id);
}

describe('candidates', () => {
  test('B6 the class an operation prefers comes first, and within it the plan’s providers in their order', () => {
    expect(ask('PRO', ['openai', 'gemini'])).toEqual([
      'gemini/gemini-2.5-flash',
      'openai/gpt-4.1-mini',
      'gemini/gemini-2.5-flash-lite',
      'openai/gpt-4.1-nano',
      'gemini/gemini-2.5-pro',
      'openai/gpt-4o',
    ]);
    expect(ask('PRO', ['openai', 'gemini', 'ollama'], { complexity: 'simple' })).toEqual([
      'gemini/gemini-2.5-flash-lite',
      'openai/gpt-4.1-nano',
      'ollama/llama3.2',
      'gemini/gemini-2.5-flash',
      'openai/gpt-4.1-mini',
    ]);
    expect(ask('PRO', ['gemini'], { complexity: 'complex' })).toEqual(['gemini/gemini-2.5-pro', 'gemini/gemini-2.5-flash']);
  });

  test('B7 local models come first where the operation finds them good enough', () => {
    const research = findOperation(catalog, 'research')!;
    expect(ask('PRO', ['gemini', 'ollama'], { operation: research })[0]).toBe('ollama/llama3.2');
  });

  test('F4 free plans are served by the free tier, paid ones never', () => {
    expect(ask('FREE', ['gemini', 'gemini_free'])).toEqual(['gemini_free/gemini-2.5-flash', 'gemini_free/gemini-2.5-flash-lite']);
    expect(ask('PRO', ['gemini', 'gemini_free'])).not.toContainEqual(expect.stringMatching(/^gemini_free/));
  });

  test('the offline provider answers where it may and no provider of the plan is configured, and only then', () => {
    for (const [plan, configured] of [
      ['PRO', []],
      ['PRO', ['gemini_free']],
      ['ENTERPRISE', []],
    ] as const) {
      expect(ask(plan, [...configured, 'offline'])).toEqual(['offline/text']);
      expect(ask(plan, [...configured])).toMatch(/^no_model_allowed: no provider of .* is configured here; set a key for /u);
    }
    for (const plan of ['FREE', 'PRO', 'BUSINESS']) {
      expect(ask(plan, ['gemini', 'gemini_free', 'openai', 'ollama', 'offline'])).not.toContain('offline/text');
    }
  });

  test('the offline provider answers for no other model’s name: only for its own, and when the choice is ours', () => {
    expect(ask('PRO', ['offline'], { requestedModel: 'auto' })).toEqual(['offline/text']);
    for (const own of ['offline/text', 'offline-text']) {
      expect(ask('PRO', ['offline'], { requestedModel: own })).toEqual(['offline/text']);
      expect(ask('PRO', [], { requestedModel: own })).toContain('no_model_allowed: ');
      // Real models serve the plan: it is not the offline one's turn.
      expect(ask('PRO', ['openai', 'offline'], { requestedModel: own })).toContain('no_model_allowed: ');
    }
    for (const name of ['gpt-4o', 'openai/gpt-4o', 'claude-haiku', 'gemini-2.5-pro', 'llama3.2']) {
      expect(ask('PRO', ['offline'], { requestedModel: name })).toMatch(
        new RegExp(
          `^no_model_allowed: no provider of the model '${name}' is configured here; .*; name auto or one of offline/text$`,
          'u',
        ),
      );
    }
  });

  test('where no good enough class is configured the nearest there is serves, and says so', () => {
    const found = candidatesFor({
      operation: chat,
      complexity: 'complex',
      policy: policy('PRO'),
      models: catalog.models,
      providersConfigured: new Set(['ollama']),
    });
    expect(found).toMatchObject({
      degraded: [{ what: 'model class local', why: 'no model of class large, medium is configured for complex work' }],
    });
  });
});

describe('a model asked for by name', () => {
  test('is found by id, name and alias; one that several providers have comes in the plan’s order', () => {
    expect(ask('PRO', ['gemini', 'openai'], { requestedModel: 'openai/gpt-4o' })).toEqual(['openai/gpt-4o']);
    expect(ask('PRO', ['gemini', 'openai'], { requestedModel: 'gpt-4o' })).toEqual(['openai/gpt-4o']);
    expect(ask('PRO', ['anthropic'], { requestedModel: 'claude-sonnet' })).toEqual(['anthropic/claude-sonnet-4-5']);
    expect(ask('PRO', ['gemini', 'openai'], { requestedModel: 'auto' })).toEqual(ask('PRO', ['gemini', 'openai']));
  });

  test('that nobody has is an invalid request with the list', () => {
    expect(ask('FREE', ['gemini_free'], { requestedModel: 'gpt-99' })).toBe(
      "invalid_request: there is no text model 'gpt-99'; the plan allows gemini_free/gemini-2.5-flash-lite, gemini_free/gemini-2.5-flash, ollama/llama3.2, ollama/mistral, ollama/qwen3",
    );
    expect(ask('PRO', ['openai'], { requestedModel: 'text-embedding-3-small' })).toContain(
      'invalid_request: there is no text model',
    );
  });

  test('that the plan does not have, or nobody here has a key for, is not allowed', () => {
    expect(ask('FREE', ['gemini_free', 'openai'], { requestedModel: 'gpt-4o' })).toContain(
      "no_model_allowed: the plan does not allow the model 'gpt-4o'; the plan allows",
    );
    expect(ask('PRO', ['openai'], { requestedModel: 'claude-haiku' })).toBe(
      "no_model_allowed: no provider of the model 'claude-haiku' is configured here; set a key for anthropic; name auto or one of openai/gpt-4.1-nano, openai/gpt-4o-mini, openai/gpt-4.1-mini, openai/gpt-5-mini, openai/gpt-4o, openai/gpt-5, openai/gpt-5.1",
    );
  });

  test('T1 in beta is there for the plans that see beta', () => {
    expect(ask('PRO', ['gemini'], { requestedModel: 'gemini-3-pro-preview' })).toContain('no_model_allowed');
    expect(ask('BUSINESS', ['gemini'], { requestedModel: 'gemini-3-pro-preview' })).toEqual(['gemini/gemini-3-pro-preview']);
  });
});

describe('versions', () => {
  test('T7 a pin is never broken: not by fallback, not by a wish, not for want of its provider', () => {
    expect(ask('ENTERPRISE', ['gemini', 'openai', 'anthropic'])).toEqual(['gemini/gemini-2.5-pro']);
    expect(ask('ENTERPRISE', ['gemini', 'openai'], { requestedModel: 'gpt-5' })).toContain('no_model_allowed');
    expect(ask('ENTERPRISE', ['openai'])).toContain(
      'no_model_allowed: no provider of the model gemini/gemini-2.5-pro 2.5.0 that text is pinned to',
    );
    const withdrawn = policy('ENTERPRISE', { pinned: { text: { model: 'gemini/gemini-2.5-pro', version: '2.4.0' } } });
    expect(ask('ENTERPRISE', ['gemini'], { policy: withdrawn })).toBe(
      'no_model_allowed: the plan has no model for the model gemini/gemini-2.5-pro 2.4.0 that text is pinned to',
    );
  });

  test('T1 `latest` takes the highest version it may see, `allow_minor` stays within the first major, `pinned` with the first', () => {
    const first = (change: Partial<RoutingPolicy>) => ask('PRO', ['gemini'], { policy: policy('PRO', change) })[0];
    expect(first({ defaultRouting: 'latest' })).toBe('gemini/gemini-3.8-flash');
    expect(first({ defaultRouting: 'allow_minor' })).toBe('gemini/gemini-2.5-flash');
    expect(first({ defaultRouting: 'pinned' })).toBe('gemini/gemini-2.5-flash');
    const minor = {
      ...catalog.models.find((model) => model.id === 'gemini/gemini-2.5-flash')!,
      id: 'gemini/gemini-2.10-flash',
      version: '2.10.0',
    };
    expect(ask('PRO', ['gemini'], { models: [...catalog.models, minor] })[0]).toBe('gemini/gemini-2.10-flash');
    expect(
      ask('PRO', ['gemini'], { models: [...catalog.models, minor], policy: policy('PRO', { defaultRouting: 'pinned' }) })[0],
    ).toBe('gemini/gemini-2.5-flash');
  });
});

test('every candidate is of the task, of the plan’s providers, configured and visible, for any plan, keys and wish', () => {
  const providers = ['gemini', 'gemini_free', 'openai', 'anthropic', 'ollama', 'offline'];
  const names = catalog.models.flatMap((model: ModelEntry) => [model.id, model.name, ...model.aliases]);
  fc.assert(
    fc.property(
      fc.constantFrom(...catalog.plans),
      fc.subarray(providers),
      fc.constantFrom(...catalog.operations),
      fc.constantFrom('simple' as const, 'medium' as const, 'complex' as const),
      fc.option(fc.constantFrom(...names, 'auto', 'nonsense'), { nil: undefined }),
      (plan, configured, operation, complexity, requestedModel) => {
        const of = policy(plan.code);
        const question = {
          operation,
          complexity,
          policy: of,
          models: catalog.models,
          providersConfigured: new Set(configured),
        };
        const found = candidatesFor({ ...question, ...(requestedModel !== undefined && { requestedModel }) });
        if (isRefusal(found)) {
          expect(['invalid_request', 'no_model_allowed']).toContain(found.code);
          return;
        }
        expect(found.models.length).toBeGreaterThan(0);
        const named = of.providers[operation.task] ?? [];
        const served = named.some((provider) => configured.includes(provider));
        for (const model of found.models) {
          expect(model.task).toBe(operation.task);
          if (model.provider === 'offline' && !named.includes('offline')) expect(served).toBe(false);
          else {
            expect(configured).toContain(model.provider);
            expect(allowedModels(catalog.models, of, operation.task)).toContain(model);
          }
        }
      },
    ),
    { numRuns: 500 },
  );
});
