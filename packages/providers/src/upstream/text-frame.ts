import { AnswerRecord } from '../answer-record.ts';
import type { ServerEvent } from './events.ts';
import { readChatEvent } from './read-chat.ts';

/** Text as JSON writes it where nothing in it must be escaped; as Latin-1, so that bytes of any character are in it. */
const PLAIN = String.raw`[^"\\\x00-\x1f]`;
const TEXT = new RegExp(`"(?:content|reasoning_content|reasoning)": ?"(${PLAIN}+)"`, 'u');
/** Of another length in every event, so that nobody who sees but the lengths on the wire can tell the words. */
const PADDING = new RegExp(`"obfuscation": ?"(${PLAIN}*)"`, 'u');
const ANY = new RegExp(`${PLAIN}*`, 'uy');
const ASCII = new RegExp(String.raw`[^"\\\x00-\x1f\x80-\xff]*`, 'uy');

/** Stand for a text and its padding in the proof of a frame: of different lengths. */
const [SOME, OTHER] = ['a text', 'its padding'];

/**
 * What a provider's events have in common that bring a text and nothing else: their bytes before and behind that text. An event that has
 * these bytes around another plain text says the same with that text, so it needs no parsing: the quotes that end a string stand where
 * they stood, and whatever is outside that string, an echo of the request or a member written twice included, is what it was.
 */
export class TextFrame {
  /** Before the text, behind it, and behind its padding where there is one. */
  readonly #parts: readonly string[];
  /** The text is a thought, and no answer. */
  readonly #thought: boolean;

  private constructor(parts: readonly string[], thought: boolean) {
    this.#parts = parts;
    this.#thought = thought;
  }

  /**
   * The frame of an event that has just been parsed; null for one that may say more than a text. Where something in quotes is taken for
   * the text, the parser is asked: with another text in its place, of whatever length, the event must say so much and nothing else.
   */
  static of({ latin1, from, end }: ServerEvent): TextFrame | null {
    const event = latin1?.slice(from, end) ?? '';
    const before = /^data: ?/u.exec(event)?.[0];
    if (before === undefined || event.indexOf('\n') !== event.length - 2) return null;
    const parts = partsOf(event);
    if (parts === null) return null;
    const said = (text: string, padding: string): AnswerRecord | null => {
      const data = parts.reduce((all, part, at) => all + (at === 1 ? text : padding) + part).slice(before.length, -2);
      const record = new AnswerRecord();
      return readChatEvent(record, data) === 'chunk' && saysOnly(record, text.length) ? record : null;
    };
    const some = said(SOME, OTHER);
    return some === null || said('', '') === null ? null : new TextFrame(parts, some.said_bytes === 0);
  }

  /** Notes what an event says where this is its frame. False: it is not, and nothing was noted. */
  note(record: AnswerRecord, { latin1, bytes, from }: ServerEvent): boolean {
    const [before = '', behind = '', last] = this.#parts;
    if (latin1 === null || !isAt(latin1, before, from)) return false;
    const begins = from + before.length;
    let ends = endOf(ASCII, latin1, begins);
    const ascii = !(latin1.charCodeAt(ends) > 0x7f);
    if (!ascii) ends = endOf(ANY, latin1, ends);
    if (!isAt(latin1, behind, ends)) return false;
    // What comes last ends in a blank line, as the event does.
    if (last !== undefined && !isAt(latin1, last, endOf(ANY, latin1, ends + behind.length))) return false;
    const length = ascii ? ends - begins : Buffer.byteLength(bytes.toString('utf8', begins, ends));
    record.noteGenerated(this.#thought ? 0 : length, this.#thought ? length : 0);
    return true;
  }
}

/** The event without its text and its padding. */
function partsOf(event: string): readonly string[] | null {
  const text = TEXT.exec(event);
  if (text === null) return null;
  const [behind, begins] = placeOf(text);
  const parts = [event.slice(0, begins)];
  const rest = event.slice(behind);
  const padding = PADDING.exec(rest);
  if (padding === null) return [...parts, rest];
  const [behind_padding, padding_begins] = placeOf(padding);
  return [...parts, rest.slice(0, padding_begins), rest.slice(behind_padding)];
}

/** Where what is in the quotes of a match ends and begins. */
function placeOf({ index, 0: all, 1: quoted = '' }: RegExpExecArray): readonly [end: number, begin: number] {
  const end = index + all.length - 1;
  return [end, end - quoted.length];
}

/** So many bytes of text, and no end, error or usage. */
function saysOnly(record: AnswerRecord, bytes: number): boolean {
  const { error, finish, reports } = record;
  return record.bytes === bytes && error === null && finish === null && reports === 0;
}

function endOf(characters: RegExp, text: string, from: number): number {
  characters.lastIndex = from;
  characters.test(text);
  return characters.lastIndex;
}

/** Compared as a whole, which takes a third of the time of `startsWith`. */
function isAt(text: string, part: string, at: number): boolean {
  return text.slice(at, at + part.length) === part;
}
