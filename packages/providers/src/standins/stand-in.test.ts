import { request } from 'undici';
import { expect, test } from 'vitest';
import { MISBEHAVIOURS } from './misbehaviour.ts';
import { startStandIn } from './stand-in.ts';

test('a stand-in says what it is, in its model list and in every answer', async () => {
  const standIn = await startStandIn({ misbehaviour: 'no_usage' });
  const models = await request(`${standIn.openai_url}/models`);
  const list = (await models.body.json()) as { data: { id: string }[] };
  expect(list.data.map((model) => model.id)).toEqual(Object.keys(MISBEHAVIOURS).map((name) => `standin-${name}`));
  const ask = async (model: string, headers: Record<string, string>): Promise<unknown> => {
    const body = JSON.stringify({ model, messages: [] });
    const answer = await request(`${standIn.openai_url}/chat/completions`, { method: 'POST', headers, body });
    await answer.body.dump();
    return answer.headers['x-standin'];
  };
  expect(await ask('any-model', {})).toBe('no_usage');
  expect(await ask('standin-server_error', {})).toBe('server_error');
  expect(await ask('standin-server_error', { 'x-standin': 'garbage' })).toBe('garbage');
  await standIn.close();
});
