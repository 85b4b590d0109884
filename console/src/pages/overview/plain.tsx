import Box from '@cloudscape-design/components/box';
import Header from '@cloudscape-design/components/header';
import Pagination from '@cloudscape-design/components/pagination';
import Table from '@cloudscape-design/components/table';
import { useState } from 'react';
import type { Overview } from '../../api/types';
import { DatabaseLink } from '../../parts/database_link';

const rowsPerPage = 10;

/** Databases that would let a client in without TLS. */
export function Plain({ data }: { data: Overview }) {
  const [page, setPage] = useState(1);
  const pages = Math.max(1, Math.ceil(data.plain.length / rowsPerPage));
  const at = Math.min(page, pages);
  const more = data.plain_total - data.plain.length;
  return (
    <Table
      header={
        <Header variant="h2" counter={`(${data.plain_total})`} description={more > 0 ? `The first ${data.plain.length}; ${more} more` : 'See who connects in the clear before you force TLS'}>
          Databases that accept plain connections
        </Header>
      }
      items={data.plain.slice((at - 1) * rowsPerPage, at * rowsPerPage)}
      trackBy={r => `${r.region} ${r.instance}`}
      wrapLines
      enableKeyboardNavigation
      columnDefinitions={[
        { id: 'db', header: 'Database', cell: r => <DatabaseLink name={r.instance} region={r.region} />, isRowHeader: true },
        { id: 'why', header: 'Why', cell: r => r.why },
        { id: 'who', header: 'Who is plain', cell: r => <DatabaseLink name={r.instance} region={r.region} tab="sessions">Sessions</DatabaseLink> },
        { id: 'force', header: 'Force TLS', cell: r => <DatabaseLink name={r.instance} region={r.region} tab="configuration">Parameter group</DatabaseLink> },
      ]}
      pagination={pages > 1 && <Pagination currentPageIndex={at} pagesCount={pages} onChange={e => setPage(e.detail.currentPageIndex)} />}
      empty={<Box color="text-body-secondary">{data.databases ? 'None: every database that has the switch forces TLS.' : 'There is no database.'}</Box>}
      ariaLabels={{ tableLabel: 'Databases that accept plain connections' }}
    />
  );
}
