export { type Email, type Mail, printedMail, smtpMail } from './mail.ts';
