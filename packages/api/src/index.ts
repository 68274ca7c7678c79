export { amountSchema, counterSchema, instantSchema, quantitySchema, uuidSchema } from './amounts.ts';
export { anthropicErrorSchema } from './anthropic-error.ts';
export { openAiErrorSchema } from './openai-error.ts';
export { pageQuery } from './page.ts';
export { type Offer, offerSchema, type Problem, problemSchema } from './problem.ts';
export { asCost, asPrice, isAmount, shownAs, type ShownInCredits, shownInCredits, spoken } from './shown.ts';
export {
  sessionWorkspaceSchema,
  personSchema,
  sessionSchema,
  startedSchema,
  type SessionWorkspace,
  type Person,
  type Started,
  type SessionAnswer,
  type Session,
  type SignedIn,
} from './session.ts';
export {
  MEMBER_ROLES,
  roleSchema,
  memberSchema,
  invitationSchema,
  membersSchema,
  invitedSchema,
  type MemberRole,
  type Member,
  type Invitation,
  type Members,
} from './members.ts';
export {
  licenseNoticeSchema,
  meterSchema,
  explanationSchema,
  usageSchema,
  type LicenseNotice,
  type Meter,
  type Explained,
  type Usage,
  type Cost,
  type CreditForecast,
} from './usage.ts';
export { usageDaySchema, dailyUsageSchema, type UsageDay, type DailyUsage } from './daily-usage.ts';
export {
  licenseChangeSchema,
  licenseSchema,
  licenseEventSchema,
  licenseRecordSchema,
  type License,
  type LicenseEvent,
  type LicenseRecord,
} from './license.ts';
export { callSchema, callPageSchema, type Call, type CallPage } from './calls.ts';
export {
  STATEMENT_KINDS,
  statementLineSchema,
  invoiceSchema,
  statementPageSchema,
  type StatementLine,
  type StatementPage,
  type InvoiceLines,
} from './statement.ts';
export { keySchema, createdKeySchema, type Key, type CreatedKey } from './keys.ts';
export { allocationSchema, type Allocation } from './allocations.ts';
export {
  SEVERITIES,
  ALERT_CHANNELS,
  alertSchema,
  alertPageSchema,
  alertSettingsSchema,
  alertGroupSchema,
  alertGroupPageSchema,
  alertCountSchema,
  markedSchema,
  type AlertGroup,
  type AlertGroupPage,
  type AlertCount,
  type AlertSettings,
  type ChannelKind,
  type AlertChannel,
  type WantedChannel,
  type WantedAlertSettings,
} from './alerts.ts';
export {
  packSchema,
  planSchema,
  receiptSchema,
  receiptPageSchema,
  type Pack,
  type Plan,
  type Receipt,
  type ReceiptPage,
} from './shop.ts';
export { operationSchema, type Operation, type Complexity } from './operations.ts';
export { degradationSchema, answerSchema, type Degradation, type Answer } from './answer.ts';
export {
  marginSchema,
  marginRowSchema,
  marginSumsSchema,
  marginStepSchema,
  marginPageSchema,
  type MarginRow,
  type MarginStep,
  type MarginSums,
  type MarginPage,
} from './margin.ts';
export { usageSumsSchema, overviewSchema, type Overview } from './overview.ts';
export {
  postingSchema,
  trialBalanceRowSchema,
  mismatchSchema,
  postingPageSchema,
  ledgerVerificationSchema,
  type Posting,
  type PostingPage,
  type TrialBalanceRow,
  type LedgerVerification,
} from './ledger.ts';
export {
  auditEntrySchema,
  auditBreakSchema,
  auditPageSchema,
  auditVerificationSchema,
  type AuditEntry,
  type AuditPage,
  type AuditVerification,
} from './audit.ts';
export { transactionSchema, type Transaction } from './transactions.ts';
export {
  workspaceSchema,
  createdWorkspaceSchema,
  workspacePageSchema,
  type Workspace,
  type CreatedWorkspace,
  type WorkspacePage,
  type Overrides,
} from './workspaces.ts';
export { ladderStateSchema, laddersSchema, type LadderState, type Ladders } from './throttling.ts';
export { fraudFlagSchema, fraudPageSchema, fraudWeekSchema, type FraudFlag, type FraudPage, type FraudWeek } from './fraud.ts';
export {
  rolloutSchema,
  armSchema,
  comparedRolloutSchema,
  catalogTextSchema,
  type Rollout,
  type Arm,
  type ComparedRollout,
  type CatalogText,
} from './rollouts.ts';
export { undeliveredSchema, undeliveredPageSchema, type Undelivered, type UndeliveredPage } from './undelivered.ts';
