import type { Answer, Spent, StreamPart } from '../../gate.ts';
import type { TextResult } from './text-input.ts';

/** A settled text call as its endpoint answers it. */
export function answerOf({ result, usage, ...called }: Spent<TextResult>): Answer {
  const { input_tokens, output_tokens } = usage;
  return { ...called, output: result.output, finish: result.finish, usage: { input_tokens, output_tokens } };
}

export function endOf(spent: Spent<TextResult>): { readonly type: 'end'; readonly answer: Answer } {
  return { type: 'end', answer: answerOf(spent) };
}

/** A kept answer as a stream. */
export async function* replayedParts(answer: Answer): AsyncGenerator<StreamPart> {
  yield { type: 'text', text: answer.output };
  yield { type: 'end', answer };
}
