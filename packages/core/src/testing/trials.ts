/**
 * How many trials a test makes: enough for every change in `npm test`, and as many as find what is rare in the extended check
 * (`npm run check:extended`). The first ones are the same in both.
 */
export function trials({ quick, extended }: { readonly quick: number; readonly extended: number }): number {
  return process.env['PURSER_TEST_EXTENDED'] === '1' ? extended : quick;
}
