import Alert from '@cloudscape-design/components/alert';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import SegmentedControl from '@cloudscape-design/components/segmented-control';
import Select from '@cloudscape-design/components/select';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Spinner from '@cloudscape-design/components/spinner';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import { useState } from 'react';
import { useApp } from '../../app/context';
import { useLive } from '../../api/live';
import { get } from '../../api/native';
import type { Sessions } from '../../api/types';
import { Command, word } from '../../parts/command';
import { Link } from '../../parts/link';
import { Problem } from '../../parts/problem';
import { absolute } from '../../parts/when';
import type { Instance } from './instance';
import { OverTime } from './over_time';
import { SessionTable } from './session_table';

const backs = [
  { value: '1h', label: 'The last hour', hours: 1 },
  { value: '24h', label: 'The last day', hours: 24 },
  { value: '7d', label: 'The last 7 days', hours: 7 * 24 },
  { value: '30d', label: 'The last 30 days', hours: 30 * 24 },
  { value: '90d', label: 'The last 90 days', hours: 90 * 24 }, // more is not kept
];

const onlys = [
  { id: '', text: 'Everybody' },
  { id: 'plain', text: 'Plain only' },
  { id: 'refused', text: 'Refused only' },
];

/** Who connects, encrypted or not, since when; and how sure that is. */
export function SessionsTab({ instance: i }: { instance: Instance }) {
  const { region } = useApp();
  const [back, setBack] = useState('30d');
  const [only, setOnly] = useState('');
  const path = `instances/${encodeURIComponent(i.name)}/sessions`;
  const since = () => new Date(Date.now() - (backs.find(b => b.value === back)?.hours ?? 1) * 3_600_000).toISOString().replace(/\.\d+Z$/, 'Z');
  const { data, error, reload } = useLive(() => get<Sessions>(path, { since: since(), only }), [path, region, back, only]);
  const flag = only ? ` --${only}` : '';
  return (
    <SpaceBetween size="l">
      <SpaceBetween direction="horizontal" size="xs">
        <Select ariaLabel="Since" selectedOption={backs.find(b => b.value === back) ?? null} options={backs} onChange={e => setBack(e.detail.selectedOption.value ?? '30d')} />
        <SegmentedControl label="Which clients" selectedId={only} options={onlys} onChange={e => setOnly(e.detail.selectedId)} />
      </SpaceBetween>
      <Problem error={error} what="The sessions could not be read" onRetry={reload} />
      {!data && !error && <Spinner />}
      {data && <Summary data={data} group={i.group} />}
      {data && <SessionTable data={data} />}
      <Command text={`dbtls sessions ${word(i.name)} --since ${back}${flag} --region ${region}`} />
    </SpaceBetween>
  );
}

function Summary({ data, group }: { data: Sessions; group: string }) {
  const claim = data.never_plain;
  return (
    <Container header={<Header variant="h2" actions={<Link to={`/parameter-groups/pg/${encodeURIComponent(group)}`}>Force TLS in {group}</Link>}>Since {absolute(data.since)}</Header>}>
      <SpaceBetween size="m">
        <div>
          <StatusIndicator type={!claim.known ? 'warning' : claim.holds ? 'success' : 'error'}>
            {!claim.known ? 'Not known whether anybody was in without TLS' : claim.holds ? 'Nobody was in without TLS' : 'Somebody was in without TLS'}
          </StatusIndicator>
          <div>{claim.why}</div>
        </div>
        {data.unknown_reason && (
          <Alert type="info" header="This server cannot tell who is encrypted">
            {data.unknown_reason} {data.fix}
          </Alert>
        )}
        <KeyValuePairs
          columns={4}
          minColumnWidth={130}
          items={[
            { label: 'Encrypted logins', value: String(data.encrypted) },
            { label: 'Plain logins', value: String(data.plain) },
            { label: 'Not known', value: String(data.unknown) },
            { label: 'Refused without TLS', value: `${data.refused}; ${data.failed_handshakes} handshakes failed` },
          ]}
        />
        <OverTime data={data} />
        {data.note && <div>{data.note}</div>}
      </SpaceBetween>
    </Container>
  );
}
