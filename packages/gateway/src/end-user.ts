import { USER_NAME, WANTED_USER_NAME } from '@purser/identity';
import { z } from 'zod';

/** `user` of OpenAI's formats, as clients send it. */
export const endUser = z
  .string()
  .refine((user) => user === '' || USER_NAME.test(user), WANTED_USER_NAME)
  .nullish()
  .describe('The end user, for per-user limits: 1 to 256 characters; empty means none.');
