import Box from '@cloudscape-design/components/box';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import type { TableProps } from '@cloudscape-design/components/table';
import type { Database } from '../../api/types';
import { DatabaseLink } from '../../parts/database_link';
import { DatabaseStatus } from '../../parts/status';
import { When } from '../../parts/when';

type Column = TableProps.ColumnDefinition<Database>;

/** The columns of the list; those that the server sorts by have its word for it as their id. */
export const columns: Column[] = [
  { id: 'name', header: 'Database', sortingField: 'name', isRowHeader: true, minWidth: 120, cell: d => <DatabaseLink name={d.name} /> },
  { id: 'status', header: 'Status', sortingField: 'status', minWidth: 130, cell: d => <DatabaseStatus status={d.status} stuck={d.stuck} step={d.step} /> },
  { id: 'engine', header: 'Engine', sortingField: 'engine', minWidth: 120, cell: d => `${d.engine} ${d.version}` },
  { id: 'ca', header: 'Certificate authority', sortingField: 'ca', minWidth: 150, cell: d => <Authority d={d} /> },
  { id: 'not_after', header: 'Certificate ends', sortingField: 'not_after', minWidth: 140, cell: d => <When at={d.not_after} show="day" /> },
  { id: 'tls', header: 'TLS', minWidth: 110, cell: d => <Forced forced={d.forced} /> },
  { id: 'endpoint', header: 'Endpoint', minWidth: 150, cell: d => d.endpoint },
];

function Authority({ d }: { d: Database }) {
  return (
    <>
      {d.ca}
      {d.pending_ca && <Box color="text-status-info">to {d.pending_ca}</Box>}
      {d.bridge_until && (
        <Box variant="small">
          old CA covered, ends <When at={d.bridge_until} show="relative" />
        </Box>
      )}
    </>
  );
}

function Forced({ forced }: { forced?: boolean }) {
  if (forced === undefined) return <Box color="text-body-secondary">no switch</Box>;
  return forced ? <StatusIndicator type="success">forced</StatusIndicator> : <StatusIndicator type="warning">accepts plain</StatusIndicator>;
}
