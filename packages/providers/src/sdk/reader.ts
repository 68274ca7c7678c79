import { AnswerRecord } from '../answer-record.ts';
import type { AnswerPiece } from '../chat/parts.ts';
import { readChat, readChatEvent } from '../upstream/read-chat.ts';

/**
 * Reads one answer of a provider, event by event or whole. What it says is appended to `pieces`; all else goes into the
 * record. Events, blocks and members that are not known are skipped, as the providers' documentation asks.
 */
export interface AnswerReader {
  readonly record: AnswerRecord;
  event(data: string, pieces: AnswerPiece[]): void;
  whole(body: string, pieces: AnswerPiece[]): void;
  /** The stream ended: for protocols whose last word is the end itself. */
  end(): void;
}

export class OpenAiReader implements AnswerReader {
  readonly record = new AnswerRecord();

  event(data: string, pieces: AnswerPiece[]): void {
    readChatEvent(this.record, data, pieces);
  }

  whole(body: string, pieces: AnswerPiece[]): void {
    readChat(this.record, body, pieces);
  }

  end(): void {
    this.record.endWithoutLastWord();
  }
}
