import type { Id, WorkspaceId } from '@purser/core';
import type { Email } from '@purser/mail';

import type { Alert } from './alert.ts';

export const CHANNEL_KINDS = ['email', 'webhook', 'slack'] as const;
export type ChannelKind = (typeof CHANNEL_KINDS)[number];

export type ChannelId = Id<'channel'>;
export type MessageId = Id<'message'>;

/** What goes out to one address. Its id stays the same at every attempt, so that a receiver knows a repeat. */
export interface Message {
  readonly id: MessageId;
  readonly workspace: WorkspaceId;
  readonly created_at: Temporal.Instant;
  readonly alerts: readonly Alert[];
}

/** A digest names so many alerts one by one; the rest are on the page. */
const NAMED_MAX = 50;

function subjectOf({ alerts }: Message): string {
  const only = alerts.length === 1 ? alerts[0] : undefined;
  return only === undefined ? `${alerts.length} alerts` : only.title;
}

function textOf({ alerts }: Message): string {
  const named = alerts.slice(0, NAMED_MAX).map(lineOf);
  const rest = alerts.length - named.length;
  return [...named, ...(rest > 0 ? [`… and ${rest} more.`] : [])].join('\n\n');
}

function lineOf({ severity, title, text, workspace, raised_at }: Alert): string {
  return `[${severity}] ${title}\n${text}\nWorkspace ${workspace}, ${raised_at.toString()}`;
}

/** The body of a webhook. */
export function webhookBody(message: Message): string {
  return JSON.stringify({
    id: message.id,
    type: message.alerts.length === 1 ? 'alert' : 'alert.digest',
    created_at: message.created_at.toString(),
    alerts: message.alerts.slice(0, NAMED_MAX).map((alert) => ({
      id: alert.id,
      workspace_id: alert.workspace,
      kind: alert.kind,
      subject: alert.subject,
      threshold: alert.threshold === '' ? null : alert.threshold,
      severity: alert.severity,
      title: alert.title,
      text: alert.text,
      raised_at: alert.raised_at.toString(),
    })),
    alerts_total: message.alerts.length,
  });
}

/** Slack's incoming webhook, and of whoever speaks like it: control characters of its markup are written as entities. */
export function slackBody(message: Message): string {
  const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return JSON.stringify({ text: `*${escaped(subjectOf(message))}*\n${escaped(textOf(message))}` });
}

/** The message as it goes to a mailbox. */
export function emailOf(to: string, message: Message): Email {
  return { to, id: message.id, subject: `[Purser] ${subjectOf(message)}`, text: `${textOf(message)}\n` };
}
