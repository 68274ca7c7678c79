import type { Command } from '@purser/module';

const ERASE = 'delete a customer or a person for good; the ledger stays, under a pseudonym';
const EXPORT = 'all stored data of a customer or a person, as one ZIP archive';
const WORKSPACE = { name: 'id', description: 'its id, or your external_id' };
const FILE = { name: 'file', description: 'where to write it' };

export const COMMANDS: readonly Command[] = [
  {
    name: 'erase workspace',
    group: ERASE,
    description: 'a workspace: its keys, members, names, texts and stored answers',
    arguments: [WORKSPACE],
    options: [{ flags: '--confirm <name>', description: 'its name, instead of typing it' }],
    async run({ arguments: [id = ''], options: { confirm } }, context) {
      await (await import('./commands/erase.ts')).eraseWorkspace(context, id, text(confirm));
    },
  },
  {
    name: 'erase person',
    group: ERASE,
    description: 'a person who signs in: account, memberships, sessions',
    arguments: [{ name: 'email', description: 'the address' }],
    options: [
      { flags: '--confirm <email>', description: 'the address again, instead of typing it' },
      { flags: '--delete-workspaces', description: 'also the workspaces that have no other owner' },
    ],
    async run({ arguments: [email = ''], options: { confirm, deleteWorkspaces } }, context) {
      const { erasePerson } = await import('./commands/erase.ts');
      await erasePerson(context, email, { confirm: text(confirm), deleteWorkspaces: deleteWorkspaces === true });
    },
  },
  {
    name: 'export workspace',
    group: EXPORT,
    description: 'all stored data of a customer',
    arguments: [WORKSPACE, FILE],
    async run({ arguments: [id = '', file = ''] }, context) {
      await (await import('./commands/export-data.ts')).exportWorkspace(context, id, file);
    },
  },
  {
    name: 'export person',
    group: EXPORT,
    description: 'all stored data of a person who signs in',
    arguments: [{ name: 'email', description: 'the address' }, FILE],
    async run({ arguments: [email = '', file = ''] }, context) {
      await (await import('./commands/export-data.ts')).exportPerson(context, email, file);
    },
  },
];

function text(option: unknown): string | undefined {
  return typeof option === 'string' ? option : undefined;
}
