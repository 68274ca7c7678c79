import { type OfflineRequest, readRequest } from './request.ts';

/** Two texts about the same thing, for the tests of this folder. */
export const ARTICLE =
  'Cold brew is coffee steeped in cold water for 12 to 24 hours. The slow extraction leaves most acids behind, so the cup tastes sweet. ' +
  'Grind size matters: a coarse grind keeps the brew clear. Use one part coffee to eight parts water. ' +
  'Cold brew keeps for up to ten days in the fridge. Our shop in Chiang Mai roasts its beans every Tuesday.';
export const THAI =
  'กาแฟสกัดเย็นคือกาแฟที่แช่ในน้ำเย็นนาน 12 ถึง 24 ชั่วโมง การสกัดช้าทำให้รสชาติหวานนุ่มและมีกรดน้อย ร้านของเราในเชียงใหม่คั่วเมล็ดกาแฟทุกวันอังคาร กาแฟสกัดเย็นเก็บในตู้เย็นได้นานถึงสิบวัน';

export function requestOf(content: string, operation?: string): OfflineRequest {
  return readRequest([{ role: 'user', content }], operation);
}
