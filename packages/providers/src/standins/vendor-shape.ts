/**
 * Answers as the vendors' public documentation describes them, and as their servers and those that copy them were seen to send them:
 * what to expect, what to tolerate, what to skip, and how they fail. Each says what it amounts to.
 */
export interface VendorShape {
  readonly vendor: 'openai' | 'anthropic' | 'gemini';
  readonly name: string;
  /** The answer as an event stream; absent: it comes in one piece only. */
  readonly stream?: string;
  /** The same answer in one piece, where there can be one. */
  readonly whole?: string;
  /**
   * `answer`: text, and why it ended · `empty`: nothing, and why · `failed`: no answer, before anything was said · `broken`: it
   * broke off after something was said.
   */
  readonly outcome: 'answer' | 'empty' | 'failed' | 'broken';
  readonly text: string;
  readonly finish?: 'stop' | 'length' | 'content_filter';
  /** What the vendor bills, in tokens and pieces; `unknown`: it did not say; `none`: nothing; `unpriced`: at a price nobody lists. */
  readonly billed: Billed | 'unknown' | 'none' | 'unpriced';
}

export interface Billed {
  readonly input?: number;
  readonly cached?: number;
  readonly written?: number;
  readonly written_1h?: number;
  readonly audio?: number;
  readonly output?: number;
  readonly searches?: number;
  readonly tier?: 'priority';
}

export type Member = Readonly<Record<string, unknown>>;

/** What every answer says that says all. */
export const TEXT = 'Ships carry stores. ⚓';
export const PIECES = ['Ships carry', ' stores. ⚓'];
export const data = (value: unknown): string => `data: ${JSON.stringify(value)}\n\n`;

export const answered = { outcome: 'answer', text: TEXT, finish: 'stop' } as const;

export type Shapes = readonly Omit<VendorShape, 'vendor'>[];
