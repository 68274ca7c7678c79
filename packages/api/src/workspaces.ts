import { z } from 'zod';

import { instantSchema, uuidSchema } from './amounts.ts';

export const workspaceSchema = z.object({
  id: uuidSchema,
  name: z.string(),
  external_id: z.string().nullable(),
  plan: z.string(),
  catalogue_version: z.string().describe('The catalog version it bought from; a new plan moves it to the current version.'),
  timezone: z.string(),
  anchored_at: instantSchema.describe('Billing months are counted from here.'),
  license: z.string().describe('active, grace or cancelled.'),
  license_since: instantSchema,
  overrides: z.record(z.string(), z.unknown()).describe('What was agreed on top of the plan, under the names of the catalog.'),
  created_at: instantSchema,
});

export const createdWorkspaceSchema = workspaceSchema.extend({ key: z.string().describe('Shown this once.') });

export const workspacePageSchema = z.object({
  workspaces: z.array(workspaceSchema),
  total: z.int().describe('Of all pages together.'),
  next_cursor: z.string().nullable(),
});

export type Workspace = z.infer<typeof workspaceSchema>;
export type CreatedWorkspace = z.infer<typeof createdWorkspaceSchema>;
export type WorkspacePage = z.infer<typeof workspacePageSchema>;
export type Overrides = Workspace['overrides'];
