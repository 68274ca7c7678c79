import type { Problem as ApiProblem } from '@purser/api';

/** A problem as the page goes on with it: of the API, or of the way to it. */
export type Problem = Omit<ApiProblem, 'type' | 'detail'> & { readonly detail: string };
