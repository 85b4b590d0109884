import Box from '@cloudscape-design/components/box';
import Container from '@cloudscape-design/components/container';
import ExpandableSection from '@cloudscape-design/components/expandable-section';
import Header from '@cloudscape-design/components/header';
import Pagination from '@cloudscape-design/components/pagination';
import Table from '@cloudscape-design/components/table';
import { useMemo, useState, type ReactNode } from 'react';
import type { Expiry, Overview } from '../../api/types';
import { DatabaseLink } from '../../parts/database_link';
import { Link } from '../../parts/link';
import { Timeline } from '../../parts/timeline';
import { When } from '../../parts/when';

const lanes: { id: Expiry['kind']; name: string }[] = [
  { id: 'leaf', name: 'Server certificates' },
  { id: 'bridge', name: 'Bridges' },
  { id: 'certificate', name: 'Imported PEM' },
  { id: 'wallet', name: 'Wallets' },
  { id: 'ca', name: 'CAs' },
];

const rowsPerPage = 10;

function idOf(e: Expiry): string {
  return `${e.kind} ${e.region} ${e.name} ${e.not_after}`;
}

/** Where what expires is dealt with. */
function linkOf(e: Expiry): ReactNode {
  if (e.kind === 'leaf' || e.kind === 'bridge') return <DatabaseLink name={e.name} region={e.region} tab="rotation" />;
  return <Link to={e.kind === 'ca' ? '/cas' : '/certificates'}>{`${e.name} (${e.region})`}</Link>;
}

/** Everything that ends, drawn; the same as a table for who does not look at drawings. */
export function Expiries({ data }: { data: Overview }) {
  const [page, setPage] = useState(1);
  const items = useMemo(() => data.expiries.map(e => ({ id: idOf(e), lane: e.kind, at: e.not_after, label: `${e.name} (${e.region})`, count: e.count })), [data.expiries]);
  const byId = useMemo(() => new Map(data.expiries.map(e => [idOf(e), e])), [data.expiries]);
  const pages = Math.max(1, Math.ceil(data.expiries.length / rowsPerPage));
  const at = Math.min(page, pages);
  return (
    <Container header={<Header variant="h2" description="The nearer to now, the wider the scale. Arrow keys go from one to the next.">What expires when</Header>}>
      {items.length === 0 ? (
        <Box color="text-body-secondary">Nothing has been issued or imported yet.</Box>
      ) : (
        <Timeline items={items} lanes={lanes} now={data.at} label="What expires when" link={i => { const e = byId.get(i.id); return e ? linkOf(e) : i.label; }} />
      )}
      <ExpandableSection headerText="As a table">
        <Table
          variant="embedded"
          items={data.expiries.slice((at - 1) * rowsPerPage, at * rowsPerPage)}
          trackBy={idOf}
          enableKeyboardNavigation
          columnDefinitions={[
            { id: 'kind', header: 'Kind', cell: e => lanes.find(l => l.id === e.kind)?.name ?? e.kind },
            { id: 'name', header: 'Name', cell: e => <>{linkOf(e)}{e.count > 1 ? ` and ${e.count - 1} more that day` : ''}</>, isRowHeader: true },
            { id: 'end', header: 'Ends', cell: e => <When at={e.not_after} show="day" /> },
          ]}
          pagination={pages > 1 && <Pagination currentPageIndex={at} pagesCount={pages} onChange={e => setPage(e.detail.currentPageIndex)} />}
          empty="Nothing expires."
          ariaLabels={{ tableLabel: 'What expires when' }}
        />
      </ExpandableSection>
    </Container>
  );
}
