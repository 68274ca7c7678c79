/**
 * How large a check is, such as the number of its trials: enough for every change in `npm test`, and what finds the rare in the extended
 * check (`npm run check:extended`).
 */
export function checkSize<Size>({ quick, extended }: { readonly quick: Size; readonly extended: Size }): Size {
  return process.env['PURSER_TEST_EXTENDED'] === undefined ? quick : extended;
}
