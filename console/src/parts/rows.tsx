import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Header from '@cloudscape-design/components/header';
import Pagination from '@cloudscape-design/components/pagination';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Table, { type TableProps } from '@cloudscape-design/components/table';
import TextFilter from '@cloudscape-design/components/text-filter';
import { useMemo, useState, type ReactNode } from 'react';

export interface Column<T> {
  id: string;
  header: string;
  cell: (item: T) => ReactNode;
  by?: (item: T) => string | number; // what it is sorted by; none: it is not
  head?: boolean; // it names the row
  width?: number; // at least; 110 when it is not given; on a phone a table scrolls and words stay whole
}

interface Props<T> {
  title: string;
  level?: 'h1' | 'h2' | 'h3';
  about?: ReactNode;
  rows: T[] | undefined; // undefined: not there yet
  columns: Column<T>[];
  id: (item: T) => string;
  text?: (item: T) => string; // what the search looks in; none: there is no search
  empty: ReactNode; // what to do when there is nothing
  actions?: ReactNode;
  filters?: ReactNode; // beside the search
  chosen?: T | undefined; // with onChoose: one row can be chosen
  onChoose?: (item: T | undefined) => void;
  page?: number; // rows of a page
  variant?: TableProps.Variant;
}

/** A table that searches, sorts and pages what is there already. */
export function Rows<T>({ title, level = 'h2', about, rows, columns, id, text, empty, actions, filters, chosen, onChoose, page = 25, variant }: Props<T>) {
  const [search, setSearch] = useState('');
  const [at, setAt] = useState(1);
  const [sort, setSort] = useState<{ id: string; down: boolean }>();
  const found = useMemo(() => {
    const words = search.toLowerCase().split(/\s+/).filter(Boolean);
    const kept = (rows ?? []).filter(r => !text || words.every(w => text(r).toLowerCase().includes(w)));
    const by = columns.find(c => c.id === sort?.id)?.by;
    return by ? [...kept].sort((a, b) => compare(by(a), by(b)) * (sort!.down ? -1 : 1)) : kept;
  }, [rows, search, sort, text, columns]);
  const pages = Math.max(1, Math.ceil(found.length / page));
  const here = Math.min(at, pages);
  return (
    <Table<T>
      variant={variant}
      items={found.slice((here - 1) * page, here * page)}
      trackBy={id}
      loading={rows === undefined}
      loadingText="Loading"
      wrapLines
      enableKeyboardNavigation
      ariaLabels={{ tableLabel: title, selectionGroupLabel: title, itemSelectionLabel: (_, item) => id(item) }}
      columnDefinitions={columns.map(c => ({ id: c.id, header: c.header, cell: c.cell, minWidth: c.width ?? 120, isRowHeader: c.head, ...(c.by && { sortingField: c.id }) }))}
      sortingColumn={sort && { sortingField: sort.id }}
      sortingDescending={sort?.down}
      onSortingChange={e => setSort({ id: e.detail.sortingColumn.sortingField ?? '', down: e.detail.isDescending ?? false })}
      {...(onChoose && { selectionType: 'single' as const, selectedItems: chosen ? [chosen] : [], onSelectionChange: e => onChoose(e.detail.selectedItems[0]) })}
      header={
        <Header variant={level} counter={rows && `(${rows.length})`} actions={actions} description={about}>
          {title}
        </Header>
      }
      filter={
        (text || filters) &&
        (rows?.length !== 0 || search !== '' || filters) && (
          <SpaceBetween direction="horizontal" size="xs">
            {text && (
              <TextFilter
                filteringText={search}
                filteringPlaceholder="Search"
                filteringAriaLabel={`Search ${title}`}
                countText={search && `${found.length} found`}
                onChange={e => {
                  setSearch(e.detail.filteringText);
                  setAt(1);
                }}
              />
            )}
            {filters}
          </SpaceBetween>
        )
      }
      pagination={pages > 1 && <Pagination currentPageIndex={here} pagesCount={pages} onChange={e => setAt(e.detail.currentPageIndex)} />}
      empty={
        search ? (
          <Box textAlign="center" padding="s">
            <SpaceBetween size="s">
              <span>Nothing has “{search}” in it.</span>
              <Button onClick={() => setSearch('')}>Clear the search</Button>
            </SpaceBetween>
          </Box>
        ) : (
          <Box textAlign="center" padding="s" color="text-body-secondary">
            {empty}
          </Box>
        )
      }
    />
  );
}

function compare(a: string | number, b: string | number): number {
  return typeof a === 'number' && typeof b === 'number' ? a - b : String(a).localeCompare(String(b), 'en', { numeric: true });
}
