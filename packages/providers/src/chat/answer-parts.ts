import type { AnswerPart, AnswerPiece } from './parts.ts';

type Open = { -readonly [member in keyof AnswerPart]: AnswerPart[member] } & Record<string, unknown>;

/** Puts the pieces of an answer together. */
export class AnswerParts {
  readonly #parts: Open[] = [];
  readonly #calls = new Map<number, { arguments: string }>();

  add(piece: AnswerPiece): void {
    switch (piece.type) {
      case 'text':
        this.#continued('text', piece.text);
        break;
      case 'thought':
        this.#thought(piece.text, piece.signature);
        break;
      case 'sealed_thought':
        this.#parts.push({ type: 'sealed_thought', data: piece.text });
        break;
      case 'tool_call': {
        const call = { type: 'tool_call' as const, id: piece.id, name: piece.name, arguments: piece.text };
        this.#parts.push(call);
        this.#calls.set(piece.index, call);
        break;
      }
      case 'tool_arguments': {
        const call = this.#calls.get(piece.index);
        if (call !== undefined) call.arguments += piece.text;
        break;
      }
    }
  }

  get text(): string {
    return this.#parts.map((part) => (part.type === 'text' ? String(part['text']) : '')).join('');
  }

  get calls(): number {
    return this.#calls.size;
  }

  /** Undefined where the answer is a text and nothing else. */
  get parts(): readonly AnswerPart[] | undefined {
    return this.#parts.every(({ type }) => type === 'text') ? undefined : (this.#parts as unknown as readonly AnswerPart[]);
  }

  #continued(type: 'text', text: string): void {
    const last = this.#parts.at(-1);
    if (last?.type === type) last['text'] = String(last['text']) + text;
    else this.#parts.push({ type, text });
  }

  /** A signature ends a thought. */
  #thought(text: string, signature: string | undefined): void {
    const last = this.#parts.at(-1);
    const open = last?.type === 'thought' && last['signature'] === '' ? last : undefined;
    if (open === undefined) this.#parts.push({ type: 'thought', text, signature: signature ?? '' });
    else Object.assign(open, { text: String(open['text']) + text, signature: signature ?? '' });
  }
}
