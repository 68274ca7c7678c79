import type { Invitation, Member, MemberRole } from '@purser/api';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Mail } from 'lucide-react';
import { useState } from 'react';
import { problemOf } from '../../../api/client.ts';
import { changeRole, invite, membersQuery, removeMember, withdraw } from '../api/members.ts';
import { useNow } from '../../../browser/now.ts';
import { dayWords } from '../../../words/time.ts';
import { Button } from '../../../ui/button.tsx';
import { ConfirmButton } from '../../../ui/confirm-button.tsx';
import { FormView, SelectInput, TextInput, useForm } from '../../../ui/form/form.tsx';
import { Refused } from '../../../ui/refused.tsx';
import { Loading } from '../../../ui/loading.tsx';
import { Empty, Failed } from '../../../ui/states.tsx';
import { t } from '../../../words/translate.ts';

const ROLES: readonly { readonly value: MemberRole; readonly label: string }[] = [
  { value: 'member', label: t('Member: works and spends') },
  { value: 'admin', label: t('Admin: members and keys too') },
  { value: 'owner', label: t('Owner: everything') },
];

interface Props {
  /** The workspace an operator looks at; without it the reader’s own. */
  readonly workspace_id?: string;
  /** What the reader may do; an operator decides as an owner. */
  readonly role?: MemberRole;
  readonly own_id?: string;
}

/** Who belongs to a workspace, with what role, and who is invited. */
export function People({ workspace_id, role = 'owner', own_id }: Props) {
  const client = useQueryClient();
  const query = membersQuery(workspace_id);
  const people = useQuery(query);
  const deed = useMutation({
    mutationFn: (act: () => Promise<unknown>) => act(),
    onSuccess: () => client.invalidateQueries({ queryKey: query.queryKey }),
  });
  if (people.isPending) return <Loading what={t('the members')} />;
  if (people.isError) return <Failed error={people.error} retry={() => void people.refetch()} />;
  const { members, invitations } = people.data;
  const act = (one: () => Promise<unknown>): void => deed.mutate(one);
  return (
    <div className="grid gap-5">
      {members.length === 0 && invitations.length === 0 ? (
        <Empty title={t('No people yet')}>
          {t(
            'The workspace is used by its API key alone. Invite its owner: the person who opens the link in the email becomes a member.',
          )}
        </Empty>
      ) : (
        <ul className="divide-y divide-rule border-y border-rule" data-testid="people">
          {members.map((member) => (
            <MemberRow
              key={member.id}
              member={member}
              may={{ change: role === 'owner', remove: role === 'owner' || (role === 'admin' && member.role === 'member') }}
              own={member.id === own_id}
              busy={deed.isPending}
              set={(wanted) => act(() => changeRole(member.id, wanted, workspace_id))}
              remove={() => act(() => removeMember(member.id, workspace_id))}
            />
          ))}
          {invitations.map((invitation) => (
            <InvitationRow
              key={invitation.id}
              invitation={invitation}
              busy={deed.isPending}
              withdraw={() => act(() => withdraw(invitation.id, workspace_id))}
            />
          ))}
        </ul>
      )}
      {deed.isError ? <Refused problem={problemOf(deed.error)} /> : null}
      {role === 'member' ? null : (
        <InviteForm
          workspace_id={workspace_id}
          roles={role === 'owner' ? ROLES : ROLES.slice(0, 1)}
          first={members.length === 0}
        />
      )}
    </div>
  );
}

function MemberRow({
  member,
  may,
  own,
  busy,
  set,
  remove,
}: {
  readonly member: Member;
  readonly may: { readonly change: boolean; readonly remove: boolean };
  readonly own: boolean;
  readonly busy: boolean;
  readonly set: (role: MemberRole) => void;
  readonly remove: () => void;
}) {
  const name = member.email ?? t('someone without an email address');
  return (
    <li className="flex flex-wrap items-center gap-x-3 gap-y-1 py-2.5">
      <p className="min-w-0 flex-1 basis-48 font-semibold [overflow-wrap:anywhere]">
        {name}
        {own ? <span className="font-normal text-ink-faint"> {t('(you)')}</span> : null}
      </p>
      {may.change ? (
        <select
          aria-label={t('Role of {name}', { name })}
          value={member.role}
          disabled={busy}
          onChange={(event) => set(event.target.value as MemberRole)}
          className="min-h-11 rounded-md border border-edge bg-deck px-3 text-base capitalize"
        >
          {ROLES.map(({ value }) => (
            <option key={value}>{value}</option>
          ))}
        </select>
      ) : (
        <p className="text-ink-soft capitalize">{member.role}</p>
      )}
      {may.remove || own ? (
        <div className="ml-auto">
          <ConfirmButton
            label={
              <>
                {own ? t('Leave') : t('Remove')}
                {own ? null : <span className="sr-only"> {name}</span>}
              </>
            }
            title={own ? t('Leave this workspace') : t('Remove {name}', { name })}
            warning={
              own
                ? t('You lose access to this workspace until someone in it invites you again.')
                : t('{name} loses access to this workspace at once. Invite them again to undo it.', { name })
            }
            confirm={own ? t('Leave') : t('Remove')}
            busy={busy}
            act={remove}
          />
        </div>
      ) : null}
    </li>
  );
}

function InvitationRow({
  invitation,
  busy,
  withdraw: take_back,
}: {
  readonly invitation: Invitation;
  readonly busy: boolean;
  readonly withdraw: () => void;
}) {
  const now_ms = useNow(60_000);
  return (
    <li className="flex flex-wrap items-center gap-x-3 gap-y-1 py-2.5">
      <p className="min-w-0 flex-1 basis-48 [overflow-wrap:anywhere]">
        <strong>{invitation.email}</strong>
        <span className="block text-sm text-ink-faint">
          {t('invited as {role}, open until {day}', { role: invitation.role, day: dayWords(invitation.expires_at, now_ms) })}
        </span>
      </p>
      <Button kind="quiet" disabled={busy} onClick={take_back}>
        {t('Withdraw')}
        <span className="sr-only"> {t('the invitation of {email}', { email: invitation.email })}</span>
      </Button>
    </li>
  );
}

const ADDRESS = /^\S+@\S+\.\S+$/;

function InviteForm({
  workspace_id,
  roles,
  first,
}: {
  readonly workspace_id: string | undefined;
  readonly roles: typeof ROLES;
  readonly first: boolean;
}) {
  const client = useQueryClient();
  const [sent, setSent] = useState<Awaited<ReturnType<typeof invite>>>();
  const [initial] = useState({ email: '', role: first && roles.length > 1 ? 'owner' : 'member' });
  const form = useForm<keyof typeof initial>({
    initial,
    check: ({ email }) => (ADDRESS.test(email.trim()) ? {} : { email: t('Write an email address, such as ann@example.com.') }),
    save: async ({ email, role }) => {
      setSent(await invite(email.trim(), role as MemberRole, workspace_id));
      void client.invalidateQueries({ queryKey: membersQuery(workspace_id).queryKey });
    },
  });
  return (
    <FormView
      form={form}
      label={t('Invite')}
      busy_label={t('Inviting…')}
      icon={<Mail size={16} aria-hidden="true" />}
      done={sent === undefined ? undefined : invitedWords(sent)}
      className="grid gap-3 sm:grid-cols-2"
    >
      <TextInput form={form} name="email" label={t('Invite by email')} type="email" placeholder="ann@example.com" />
      <SelectInput form={form} name="role" label={t('As')} options={roles} />
    </FormView>
  );
}

function invitedWords({ email, emailed }: Awaited<ReturnType<typeof invite>>): string {
  if (emailed) return t('{email} is invited; an email is on its way.', { email });
  return t('{email} is invited. This installation sends no email: tell them to sign in with this address.', { email });
}
