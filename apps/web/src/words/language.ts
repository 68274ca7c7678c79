import { get } from '../api/client.ts';
import { LANGUAGES, speak } from './translate.ts';

const KEY = 'purser.language';

const TAG = /^[a-z]{2,3}(?:-[A-Za-z]{2,4})?$/;

/** What the reader chose, else the first of the browser's languages that there is, else English. */
function wantedLanguage(): string {
  let chosen: string | null = null;
  try {
    chosen = localStorage.getItem(KEY);
  } catch {
    // A private window may keep nothing; the browser's own languages are known all the same.
  }
  if (chosen !== null && TAG.test(chosen)) return chosen;
  return (
    navigator.languages.map((tag) => tag.split('-')[0] ?? tag).find((language) => Object.hasOwn(LANGUAGES, language)) ?? 'en'
  );
}

/**
 * Reads the messages of the reader's language, and says which language the page has. A translation that cannot be had leaves it in
 * English, never empty.
 */
export async function loadLanguage(): Promise<string> {
  const language = wantedLanguage();
  if (language === 'en') return language;
  try {
    speak(language, await get<Readonly<Record<string, string>>>(`/languages/${language}.json`));
    document.documentElement.lang = language;
    return language;
  } catch (error) {
    console.error(`the messages of the language ${language} could not be read`, error);
    return 'en';
  }
}
