import type { AnswerPiece } from '@purser/providers';

import type { Answer, Spent, SpentEnd, StreamedPart, StreamPart } from '../../gate.ts';
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

export function spentEnd<Result>(spent: Spent<Result>): SpentEnd<Result> {
  return { type: 'end', spent };
}

/** A kept answer as a stream, with all that is in it. */
export async function* piecesOf(spent: Spent<TextResult>): AsyncGenerator<StreamedPart<SpentEnd<TextResult>, AnswerPiece>> {
  const { output, parts = [{ type: 'text', text: output }] } = spent.result;
  let index = 0;
  for (const part of parts) {
    if (part.type === 'tool_call')
      yield { type: 'tool_call', index: index++, id: part.id, name: part.name, text: part.arguments };
    else if (part.type === 'sealed_thought') yield { type: 'sealed_thought', text: part.data };
    else yield part;
  }
  yield spentEnd(spent);
}
