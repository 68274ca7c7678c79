import { AnswerRecord } from '../answer-record.ts';
import { readChat, readChatEvent } from '../upstream/read-chat.ts';

/**
 * Reads one answer of a provider, event by event or whole. Texts for the caller are appended to `texts`; all else goes into the
 * record. Events, blocks and members that are not known are skipped, as the providers' documentation asks.
 */
export interface AnswerReader {
  readonly record: AnswerRecord;
  event(data: string, texts: string[]): void;
  whole(body: string, texts: string[]): void;
  /** The stream ended: for protocols whose last word is the end itself. */
  end(): void;
}

export class OpenAiReader implements AnswerReader {
  readonly record = new AnswerRecord();

  event(data: string, texts: string[]): void {
    readChatEvent(this.record, data, texts);
  }

  whole(body: string, texts: string[]): void {
    readChat(this.record, body, texts);
  }

  end(): void {
    this.record.endWithoutLastWord();
  }
}
