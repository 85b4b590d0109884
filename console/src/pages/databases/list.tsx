import Box from '@cloudscape-design/components/box';
import Header from '@cloudscape-design/components/header';
import Pagination from '@cloudscape-design/components/pagination';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Table from '@cloudscape-design/components/table';
import { useLocation, useSearchParams } from 'wouter';
import { useApp } from '../../app/context';
import { useLive } from '../../api/live';
import { get } from '../../api/native';
import type { Databases } from '../../api/types';
import { ActButton } from '../../parts/act_button';
import { Command } from '../../parts/command';
import { Problem } from '../../parts/problem';
import { columns } from './columns';
import { Filters } from './filters';

const size = 50;

/** The region's databases; searched, sorted and paged by the server. What is asked is in the address. */
export default function Page() {
  const { region } = useApp();
  const [, navigate] = useLocation();
  const [query, setQuery] = useSearchParams();
  const value = (name: string) => query.get(name) ?? '';
  const page = Math.max(1, Number(value('page')) || 1);
  const asked = { q: value('q'), ca: value('ca'), status: value('status'), engine: value('engine'), group: value('group'), sort: value('sort') };
  const { data, error, loading, reload } = useLive(() => get<Databases>('databases', { ...asked, page: String(page), size: String(size) }), [region, page, JSON.stringify(asked)]);
  const set = (changes: Record<string, string>) =>
    setQuery(
      old => {
        const next = new URLSearchParams(old);
        next.delete('page'); // of another question
        for (const [name, v] of Object.entries(changes)) if (v) next.set(name, v);
        else next.delete(name);
        return next;
      },
      { replace: true },
    );
  const filtered = Boolean(asked.q || asked.ca || asked.status || asked.engine || asked.group);
  const down = asked.sort.startsWith('-');
  const sorted = asked.sort.replace(/^-/, '') || 'name';
  return (
    <SpaceBetween size="m">
      <Problem error={error} what="The databases could not be read" onRetry={reload} />
      <Table
        variant="full-page"
        stickyHeader
        header={
          <Header
            variant="h1"
            counter={data && `(${data.total})`}
            actions={
              <ActButton variant="primary" onClick={() => navigate('/databases/create')}>
                Create database
              </ActButton>
            }
          >
            Databases
          </Header>
        }
        filter={<Filters asked={asked} onChange={set} />}
        items={data?.databases ?? []}
        trackBy="name"
        loading={loading && !data}
        loadingText="Reading databases"
        columnDefinitions={columns}
        sortingColumn={columns.find(c => c.id === sorted)}
        sortingDescending={down}
        onSortingChange={e => set({ sort: `${e.detail.isDescending ? '-' : ''}${e.detail.sortingColumn.sortingField}` })}
        enableKeyboardNavigation
        wrapLines
        pagination={<Pagination currentPageIndex={page} pagesCount={Math.max(1, Math.ceil((data?.total ?? 0) / size))} onChange={e => setQuery(old => (old.set('page', String(e.detail.currentPageIndex)), old))} />}
        empty={<Empty filtered={filtered} />}
        ariaLabels={{ tableLabel: 'Databases' }}
        footer={<Command text={`aws rds describe-db-instances --region ${region}`} />}
      />
    </SpaceBetween>
  );
}

function Empty({ filtered }: { filtered: boolean }) {
  return (
    <Box textAlign="center" padding="l" color="text-body-secondary">
      {filtered ? 'No database is like that. Clear the filters to see all.' : 'There is no database in this region yet. Create one: it has a verified TLS endpoint from its first second.'}
    </Box>
  );
}
