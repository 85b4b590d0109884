import { useApp } from '../../app/context';
import { useLive } from '../../api/live';
import { get } from '../../api/native';
import type { Databases } from '../../api/types';
import { DatabaseLink } from '../../parts/database_link';
import { Problem } from '../../parts/problem';
import { Rows } from '../../parts/rows';
import { DatabaseStatus } from '../../parts/status';
import { clusters, type Kind } from './data';

interface User {
  name: string;
  engine: string;
  status?: string;
  cluster?: string;
}

const most = 100; // of a group's instances that are listed

export async function users(kind: Kind, group: string): Promise<{ rows: User[]; total: number }> {
  if (kind === 'pg') {
    const found = await get<Databases>('databases', { group, size: String(most) });
    return { total: found.total, rows: found.databases.map(d => ({ name: d.name, engine: `${d.engine} ${d.version}`, status: d.status, cluster: d.cluster })) };
  }
  const using = (await clusters()).filter(c => c.group === group);
  const rows = using.flatMap(c => c.members.map(name => ({ name, engine: `${c.engine} ${c.version}`, cluster: c.name })));
  return { total: rows.length, rows: rows.slice(0, most) };
}

/** The instances that a change of the group touches. */
export function Users({ kind, name }: { kind: Kind; name: string }) {
  const { region } = useApp();
  const { data, error, reload } = useLive(() => users(kind, name), [kind, name, region]);
  return (
    <>
      <Problem error={error} what="The instances could not be listed" onRetry={reload} />
      <Rows
        title="Instances it touches"
        about={data && data.total > data.rows.length ? `${data.total} use it; the first ${data.rows.length} are listed.` : 'A change of this group is a change of all of them.'}
        rows={data?.rows}
        id={u => u.name}
        empty="No instance uses this group. Attach it to one: a new group counts from the reboot on."
        columns={[
          { id: 'name', header: 'Database', head: true, by: u => u.name, cell: u => <DatabaseLink name={u.name} /> },
          { id: 'engine', header: 'Engine', by: u => u.engine, cell: u => u.engine },
          { id: 'cluster', header: 'Cluster', by: u => u.cluster ?? '', cell: u => u.cluster ?? '–' },
          ...(kind === 'pg' ? [{ id: 'status', header: 'Status', by: (u: User) => u.status ?? '', cell: (u: User) => <DatabaseStatus status={u.status ?? ''} /> }] : []),
        ]}
        page={10}
      />
    </>
  );
}
