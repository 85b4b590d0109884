import Box from '@cloudscape-design/components/box';
import ExpandableSection from '@cloudscape-design/components/expandable-section';
import Multiselect from '@cloudscape-design/components/multiselect';
import { useState } from 'react';
import { DatabaseLink } from '../../parts/database_link';
import { Rows } from '../../parts/rows';
import { sentence } from '../../parts/sentence';
import { Verdict } from '../../parts/verdict';
import { When } from '../../parts/when';
import { order, type Loaded } from './plans';

/** Every client with its verdict and what it rests on, the worst first. */
export function ClientTable({ found }: { found: Loaded }) {
  const [kept, keep] = useState<string[]>([]);
  const counts = order.map(v => ({ v, n: found.clients.filter(c => c.verdict === v).length }));
  const rows = found.clients.filter(c => kept.length === 0 || kept.includes(c.verdict)).sort((a, b) => order.indexOf(a.verdict) - order.indexOf(b.verdict));
  const options = counts.map(({ v, n }) => ({ value: v, label: v, description: `${n} clients` }));
  return (
    <Rows
      title={`Clients if the region changed to ${found.to}`}
      about={
        <>
          {found.databases === 1 ? '1 database' : `${found.databases} databases`} looked at{found.there > 0 && `, ${found.there} of them on ${found.to} already`}:{' '}
          {counts.filter(c => c.n > 0).map((c, n) => (
            <span key={c.v}>
              {n > 0 && ', '}
              {c.n} <Verdict verdict={c.v} />
            </span>
          ))}
          {found.clients.length === 0 && 'no client was seen'}
        </>
      }
      rows={rows}
      id={c => `${c.database} ${c.user} ${c.source} ${c.application} ${c.tls}`}
      text={c => `${c.database} ${c.user} ${c.source} ${c.application} ${c.verdict} ${c.why}`}
      empty={kept.length > 0 ? 'No client has one of these verdicts.' : 'No client was seen. Clients appear when they log in, and when their hosts report (dbtls clients report).'}
      filters={
        <Multiselect
          ariaLabel="Verdicts to show"
          placeholder="Any verdict"
          options={options}
          selectedOptions={options.filter(o => kept.includes(o.value))}
          tokenLimit={2}
          onChange={e => keep(e.detail.selectedOptions.map(o => o.value ?? ''))}
        />
      }
      columns={[
        { id: 'verdict', header: 'Verdict', width: 165, by: c => order.indexOf(c.verdict), cell: c => <Verdict verdict={c.verdict} /> },
        { id: 'user', header: 'User', head: true, width: 90, by: c => c.user, cell: c => c.user || '–' },
        { id: 'from', header: 'From', width: 130, by: c => `${c.source} ${c.application}`, cell: c => <From source={c.source} application={c.application} /> },
        { id: 'database', header: 'Database', width: 100, by: c => c.database, cell: c => <DatabaseLink name={c.database} tab="sessions">{c.database}</DatabaseLink> },
        {
          id: 'why',
          header: 'Why, and the evidence',
          width: 260,
          cell: c => (
            <>
              {sentence(c.why)}
              {c.until && (
                <>
                  {' '}
                  Until <When at={c.until} show="day" />.
                </>
              )}
              {c.evidence?.length > 0 && (
                <ExpandableSection headerText={`Evidence (${c.evidence.length})`}>
                  <ul>
                    {c.evidence.map(e => (
                      <li key={e}>
                        <Box variant="small">{e}</Box>
                      </li>
                    ))}
                  </ul>
                </ExpandableSection>
              )}
            </>
          ),
        },
        {
          id: 'last',
          header: 'Last seen',
          width: 130,
          by: c => c.last_seen ?? '',
          cell: c => (
            <>
              {c.count === 0 ? 'never: its host told of it' : <When at={c.last_seen} show="relative" />}
              <Box variant="small" display="block" color="text-body-secondary">
                {c.tls}
              </Box>
            </>
          ),
        },
      ]}
    />
  );
}

function From({ source, application }: { source: string; application: string }) {
  return (
    <>
      {source || '–'}
      {application && (
        <Box variant="small" display="block" color="text-body-secondary">
          {application}
        </Box>
      )}
    </>
  );
}
