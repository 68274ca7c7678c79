/** What a developer asks of a model, in no client's words. */
export interface Wish {
  readonly model: string;
  readonly stream: boolean;
  readonly text: string;
  readonly tools?: readonly string[];
  /** The name of the one that has to be called. */
  readonly choice?: string;
  /** What the tools answered to calls before. */
  readonly results?: readonly (Called & { readonly answered: string })[];
  readonly schema?: object;
  readonly picture?: string;
  readonly temperature?: number;
  readonly stop?: string;
  readonly effort?: 'low';
  readonly signal?: AbortSignal;
}

export interface Called {
  readonly id: string;
  readonly name: string;
  readonly input: unknown;
}

export interface Told {
  readonly text: string;
  readonly calls: readonly Called[];
}

/** Where a client is to send what it is asked for. */
export interface Reach {
  readonly url: string;
  readonly key: string;
}

/** One official client, used as its documentation says. */
export interface Driver {
  readonly name: string;
  /** Undefined where the client has no word for the wish. */
  ask(reach: Reach, wish: Wish): Promise<Told | undefined>;
}

/** A tool of one parameter. */
export const PARAMETERS = {
  type: 'object' as const,
  properties: { city: { type: 'string' as const } },
  required: ['city'],
  additionalProperties: false,
};
