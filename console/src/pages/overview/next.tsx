import Box from '@cloudscape-design/components/box';
import Header from '@cloudscape-design/components/header';
import Table from '@cloudscape-design/components/table';
import type { Overview } from '../../api/types';
import { DatabaseLink } from '../../parts/database_link';
import { When } from '../../parts/when';
import { reasonOf } from '../../parts/words';

const shown = 8;

/** Which rotations come by themselves, the soonest first. */
export function NextRotations({ rows, frozen }: { rows: Overview['next']; frozen: boolean }) {
  return (
    <Table
      header={<Header variant="h2" description={frozen ? 'Held back while rotations are frozen' : undefined}>What rotates next</Header>}
      items={rows.slice(0, shown)}
      trackBy={r => `${r.region} ${r.instance}`}
      wrapLines
      enableKeyboardNavigation
      columnDefinitions={[
        { id: 'db', header: 'Database', cell: r => <DatabaseLink name={r.instance} region={r.region} tab="rotation" />, isRowHeader: true },
        { id: 'why', header: 'Because', cell: r => reasonOf(r.reason) },
        { id: 'at', header: 'When', cell: r => <When at={r.at} show="day" /> },
      ]}
      empty={<Box color="text-body-secondary">No rotation is to come: there is no database that is available.</Box>}
      ariaLabels={{ tableLabel: 'What rotates next' }}
    />
  );
}
