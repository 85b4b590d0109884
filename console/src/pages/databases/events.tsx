import { useState } from 'react';
import Select from '@cloudscape-design/components/select';
import { useApp } from '../../app/context';
import { useLive } from '../../api/live';
import { Command, word } from '../../parts/command';
import { EventTable } from '../../parts/event_table';
import { loadEvents, periods } from '../../parts/events';
import SpaceBetween from '@cloudscape-design/components/space-between';
import type { Instance } from './instance';

/** What happened to one database. */
export function Events({ instance: i }: { instance: Instance }) {
  const { region } = useApp();
  const [minutes, setMinutes] = useState(periods[2]!.value);
  const source = { SourceType: 'db-instance', SourceIdentifier: i.name };
  const { data, error, reload } = useLive(() => loadEvents({ ...source, Duration: minutes }), [i.name, region, minutes]);
  return (
    <SpaceBetween size="m">
      <EventTable
        rows={data}
        error={error}
        onRetry={reload}
        filters={<Select ariaLabel="Of the last" selectedOption={periods.find(p => p.value === minutes) ?? null} options={periods} onChange={e => setMinutes(e.detail.selectedOption.value ?? '60')} />}
      />
      <Command text={`aws rds describe-events --source-type db-instance --source-identifier ${word(i.name)} --duration ${minutes} --region ${region}`} />
    </SpaceBetween>
  );
}
