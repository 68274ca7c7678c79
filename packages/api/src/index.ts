export { amountSchema, counterSchema, instantSchema, quantitySchema, uuidSchema } from './amounts.ts';
export { openAiErrorSchema } from './openai-error.ts';
export { pageQuery } from './page.ts';
export { offerSchema, type Problem, problemSchema } from './problem.ts';
export { asCost, asPrice, isAmount, shownAs, type ShownInCredits, shownInCredits, spoken } from './shown.ts';
