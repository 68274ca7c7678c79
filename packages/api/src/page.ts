import { z } from 'zod';

/** A list's own parameters: where to go on, and how much at once. */
export const pageQuery = {
  cursor: z.string().max(100).optional().describe('`next_cursor` of the page before.'),
  limit: z.coerce.number().int().min(1).max(200).optional(),
};
