import Box from '@cloudscape-design/components/box';
import ColumnLayout from '@cloudscape-design/components/column-layout';
import Container from '@cloudscape-design/components/container';
import StatusIndicator, { type StatusIndicatorProps } from '@cloudscape-design/components/status-indicator';
import type { ReactNode } from 'react';
import type { Overview } from '../../api/types';
import { Link } from '../../parts/link';

/** The four numbers that say whether anybody has to do anything. */
export function Numbers({ data }: { data: Overview }) {
  const days = data.worst_days === null ? undefined : Math.floor(data.worst_days);
  const others = Object.entries(data.by_status).filter(([s]) => s !== 'available');
  return (
    <Container>
      <ColumnLayout columns={4} variant="text-grid" minColumnWidth={150}>
        <Figure name="Databases" value={<Link to="/databases" fontSize="display-l">{String(data.databases)}</Link>} type={others.length ? 'info' : 'success'} says={others.length ? others.map(([s, n]) => `${n} ${s}`).join(', ') : data.databases ? 'all available' : 'none yet'} />
        <Figure
          name="First certificate expires"
          value={days === undefined ? '–' : days < 0 ? 'expired' : `${days} days`}
          type={days === undefined ? 'stopped' : days < 0 ? 'error' : days < 30 ? 'warning' : 'success'}
          says={days === undefined ? 'no certificate is in service' : days < 0 ? `${-days} days ago` : days < 30 ? 'less than a month' : 'more than a month'}
        />
        <Figure name="STUCK rotations" value={String(data.stuck.length)} type={data.stuck.length ? 'error' : 'success'} says={data.stuck.length ? 'need somebody' : 'none'} />
        <Figure name="Accept plain connections" value={String(data.plain_total)} type={data.plain_total ? 'warning' : 'success'} says={data.plain_total ? 'not forced' : 'none'} />
      </ColumnLayout>
    </Container>
  );
}

function Figure({ name, value, type, says }: { name: string; value: ReactNode; type: StatusIndicatorProps.Type; says: string }) {
  return (
    <div>
      <Box variant="awsui-key-label">{name}</Box>
      <Box fontSize="display-l" fontWeight="bold">
        {value}
      </Box>
      <StatusIndicator type={type}>{says}</StatusIndicator>
    </div>
  );
}
