const PAGE = 256;
const CHARACTERS = 0x11_0000;

/**
 * What something says of each character, asked once in the life of the process and then read from a table: what a regular expression or
 * the Unicode data would be asked for again and again while a text of millions of characters is gone through.
 */
export class CharacterTable {
  readonly #pages: (Uint16Array | undefined)[] = Array.from({ length: CHARACTERS / PAGE });
  readonly #describe: (character: string) => number;

  /** `describe` gives 0 to 65,535 for a character, which may be half of a surrogate pair. */
  constructor(describe: (character: string) => number) {
    this.#describe = describe;
  }

  of(code: number): number {
    return (this.#pages[code >>> 8] ?? this.#fill(code >>> 8))[code & (PAGE - 1)] ?? 0;
  }

  #fill(number: number): Uint16Array {
    const page = Uint16Array.from({ length: PAGE }, (_, at) => this.#describe(String.fromCodePoint(number * PAGE + at)));
    this.#pages[number] = page;
    return page;
  }
}
