const PREFIX = 'credits_hour:';
const UNIT = ' credit';

/** What a fraud flag is about: a user, written as the key of its meters would be, which is how erasing that user finds it. */
export function fraudSubject(user: string): string {
  return `${PREFIX}${user}${UNIT}`;
}

/** Whom a flag is about; undefined: of a workspace as a whole, as flags were once, or a name that was too long to be kept. */
export function userOfSubject(subject: string): string | undefined {
  return subject.startsWith(PREFIX) && subject.endsWith(UNIT) ? subject.slice(PREFIX.length, -UNIT.length) : undefined;
}
