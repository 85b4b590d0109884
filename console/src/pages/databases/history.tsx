import type { Rotation } from '../../api/types';
import { Rows } from '../../parts/rows';
import { When } from '../../parts/when';
import { reasonOf } from '../../parts/words';
import { Outcome } from './open_rotation';

/** The rotations that were, the newest first. */
export function History({ rows }: { rows: Rotation[] }) {
  return (
    <Rows
      title="History"
      about="The last 50"
      rows={rows}
      id={r => String(r.id)}
      page={10}
      columns={[
        { id: 'began', header: 'Begun', cell: r => <When at={r.started_at} />, by: r => r.started_at, head: true },
        { id: 'change', header: 'Change', cell: r => (r.from === r.to || !r.from ? r.to : `${r.from} to ${r.to}`) },
        { id: 'why', header: 'Because', cell: r => reasonOf(r.reason) },
        { id: 'by', header: 'By', cell: r => r.by || 'dbtls itself' },
        { id: 'outcome', header: 'Outcome', cell: r => <Outcome rotation={r} />, by: r => r.outcome, width: 150 },
        { id: 'serial', header: 'Serial', cell: r => r.serial ?? '–' },
      ]}
      empty="No rotation has ended yet."
    />
  );
}
