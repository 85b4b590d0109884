import type { ReactNode } from 'react';
import type { ApiError } from '../api/http';
import { DatabaseLink } from './database_link';
import type { RdsEvent } from './events';
import { Problem } from './problem';
import { Rows, type Column } from './rows';
import { When } from './when';

const columns: Column<RdsEvent>[] = [
  { id: 'at', header: 'When', cell: e => <When at={e.at} />, by: e => e.at, width: 150 },
  { id: 'message', header: 'What happened', cell: e => e.message, head: true, width: 260 },
  { id: 'kind', header: 'Kind', cell: e => e.categories.join(', ') },
];

const source: Column<RdsEvent> = { id: 'source', header: 'Source', cell: e => (e.sourceType === 'db-instance' ? <DatabaseLink name={e.source} /> : `${e.source} (${e.sourceType})`), by: e => e.source };

interface Props {
  rows: RdsEvent[] | undefined;
  error: ApiError | undefined;
  onRetry: () => void;
  filters: ReactNode;
  sources?: boolean; // they are of more than one source
}

/** Events in a table, the newest first. */
export function EventTable({ rows, error, onRetry, filters, sources }: Props) {
  return (
    <>
      <Problem error={error} what="The events could not be read" onRetry={onRetry} />
      <Rows title="Events" rows={error ? (rows ?? []) : rows} columns={sources ? [columns[0]!, source, ...columns.slice(1)] : columns} id={e => e.id} text={e => `${e.source} ${e.message} ${e.categories.join(' ')}`} actions={filters} empty="Nothing happened in that time." />
    </>
  );
}
