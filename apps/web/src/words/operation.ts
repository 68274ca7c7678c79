interface OperationWords {
  readonly label: string;
  readonly about: string;
  readonly placeholder: string;
  readonly example: string;
}

const NOTES =
  'Our bakery in Porto opens a second shop in March. It will be smaller, closer to the station and open from six. We bake everything by hand, with flour from a mill forty kilometres away. Regulars ask for the rye loaf; visitors for pastéis. We want commuters to stop for breakfast and take a loaf home.';

const WORDS: Record<string, OperationWords> = {
  chat: {
    label: 'Chat',
    about: 'Ask anything and get an answer.',
    placeholder: 'Ask a question…',
    example: 'What should a small bakery check before it opens a second shop?',
  },
  research: {
    label: 'Research',
    about: 'Gathers the main points about a topic.',
    placeholder: 'Which topic should be looked into?',
    example: `What matters to commuters who buy breakfast on the way to work?\n\n${NOTES}`,
  },
  outline: {
    label: 'Outline',
    about: 'Turns notes into a structure to write along.',
    placeholder: 'Paste notes, or name a topic…',
    example: `Outline a blog article from these notes.\n\n${NOTES}`,
  },
  draft: {
    label: 'Draft',
    about: 'Writes a first version.',
    placeholder: 'What should be written, for whom?',
    example: `Draft a friendly post for the neighbourhood.\n\n${NOTES}`,
  },
  assess: {
    label: 'Assess',
    about: 'Reads a text and says what is good and what is missing.',
    placeholder: 'Paste the text to be judged…',
    example: NOTES,
  },
  refine: {
    label: 'Refine',
    about: 'Makes a text better without changing what it says.',
    placeholder: 'Paste the text to be improved…',
    example: NOTES,
  },
  summarise: {
    label: 'Summarise',
    about: 'Says the same in fewer words.',
    placeholder: 'Paste a text to be made short…',
    example: NOTES,
  },
  rewrite: {
    label: 'Rewrite',
    about: 'Says it again, for another place or in another tone.',
    placeholder: 'Paste a text, and say for whom it should be rewritten…',
    example: `Rewrite this for a short post in a warm tone.\n\n${NOTES}`,
  },
};

/** Words for an operation of the catalogue; one the page does not know is shown by its own name. */
export function operationWords(name: string): OperationWords {
  const label = name.charAt(0).toUpperCase() + name.slice(1).replaceAll('_', ' ');
  return WORDS[name] ?? { label, about: '', placeholder: 'Type your task…', example: NOTES };
}

/** A task to try an operation with, when the reader has none at hand. */
export function exampleFor(name: string): string {
  return operationWords(name).example;
}
