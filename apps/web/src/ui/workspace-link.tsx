import { useQuery } from '@tanstack/react-query';
import { workspaceQuery } from '../api/workspaces.ts';
import { t } from '../words/translate.ts';
import { Link } from './link.tsx';

const PLATFORM = '00000000-0000-0000-0000-000000000000';

/** A workspace by its name, once it is known; the platform stands for everybody. */
export function WorkspaceLink({ id }: { readonly id: string }) {
  const platform = id === PLATFORM;
  const workspace = useQuery({ ...workspaceQuery(id), enabled: !platform, staleTime: 300_000 });
  if (platform) return <>{t('everybody')}</>;
  return <Link to={`/admin/workspaces/${id}`}>{workspace.data?.name ?? id}</Link>;
}
