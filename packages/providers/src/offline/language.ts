export type Language = 'en' | 'th' | 'other';

const THAI = /\p{Script=Thai}/gu;
const LETTER = /\p{L}/gu;
const LATIN = /\p{Script=Latin}/gu;

/** By script alone: half Thai letters is Thai, half Latin is treated as English, anything else keeps neutral templates. */
export function languageOf(text: string): Language {
  const letters = count(text, LETTER);
  if (letters === 0) return 'en';
  if (count(text, THAI) * 2 >= letters) return 'th';
  return count(text, LATIN) * 2 >= letters ? 'en' : 'other';
}

function count(text: string, pattern: RegExp): number {
  return text.match(pattern)?.length ?? 0;
}

/** Words that carry grammar, not matter: they never make a key phrase and never score a sentence. */
const STOP_WORDS = new Set(
  (
    'a about above after again all also am an and any are as at be because been before being below between both but by can ' +
    'could did do does doing down during each few for from further get had has have having he her here hers him his how i if ' +
    'in into is it its itself just let like make many me more most much must my no nor not now of off on once one only or ' +
    'other our out over own per same she should so some such than that the their them then there these they this those ' +
    'through to too under until up us use used using very via was we well were what when where which while who whom why will ' +
    'with within without would you your yours please write text following ' +
    'de la le les des du et en un une der die das und ist ein eine el los las y es que para con por ' +
    'และ หรือ แต่ ที่ ซึ่ง อัน ใน บน ของ จาก ถึง ให้ ได้ เป็น คือ มี ไม่ ก็ จะ ว่า นี้ นั้น กับ โดย เพื่อ เพราะ แล้ว กว่า มาก ยัง ต้อง ' +
    'การ ความ ไป มา อยู่ ด้วย เมื่อ ถ้า อย่าง ทำ ใช้ ครับ ค่ะ นะ เรา คุณ ผม ฉัน เขา มัน สำหรับ ตาม ทั้ง แบบ ช่วย'
  ).split(' '),
);

export function isStopWord(word: string): boolean {
  return STOP_WORDS.has(word);
}
