import Select from '@cloudscape-design/components/select';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useState } from 'react';
import { useApp } from '../../app/context';
import { useLive } from '../../api/live';
import { Command } from '../../parts/command';
import { EventTable } from '../../parts/event_table';
import { loadEvents, periods } from '../../parts/events';

/** Everything that happened in the region. */
export function RegionEvents() {
  const { region } = useApp();
  const [minutes, setMinutes] = useState('1440');
  const { data, error, reload } = useLive(() => loadEvents({ Duration: minutes }), [region, minutes]);
  return (
    <SpaceBetween size="m">
      <EventTable
        sources
        rows={data}
        error={error}
        onRetry={reload}
        filters={<Select ariaLabel="Of the last" selectedOption={periods.find(p => p.value === minutes) ?? null} options={periods} onChange={e => setMinutes(e.detail.selectedOption.value ?? '1440')} />}
      />
      <Command text={`aws rds describe-events --duration ${minutes} --region ${region}`} />
    </SpaceBetween>
  );
}
