/** A request that a protocol has no words for. The message names the member and what is wanted. */
export class Unwritable extends Error {}
