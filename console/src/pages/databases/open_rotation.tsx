import Alert from '@cloudscape-design/components/alert';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import LiveRegion from '@cloudscape-design/components/live-region';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator, { type StatusIndicatorProps } from '@cloudscape-design/components/status-indicator';
import Steps from '@cloudscape-design/components/steps';
import type { Rotation } from '../../api/types';
import { When } from '../../parts/when';
import { reasonOf, wayOut } from '../../parts/words';
import { stepsOf } from './steps';

/** How a rotation went, or how far it is. */
export function Outcome({ rotation: r }: { rotation: Rotation }) {
  const [type, text]: [StatusIndicatorProps.Type, string] = r.stuck
    ? ['error', `STUCK: ${r.stuck.reason}`]
    : r.outcome === ''
      ? ['in-progress', `under way: ${r.step}`]
      : [r.outcome === 'committed' ? 'success' : r.outcome === 'cancelled' ? 'stopped' : 'warning', r.outcome];
  return <StatusIndicator type={type}>{text}</StatusIndicator>;
}

/** A rotation step by step; it follows while it happens. */
export function OpenRotation({ rotation: r, name }: { rotation: Rotation; name: string }) {
  const open = r.outcome === '';
  return (
    <Container
      header={
        <Header variant="h2" description={`${r.from || 'no CA'} to ${r.to}, because ${reasonOf(r.reason)}`} info={<Outcome rotation={r} />}>
          {open ? 'Rotation under way' : 'Last rotation'}
        </Header>
      }
    >
      <SpaceBetween size="m">
        <LiveRegion hidden>{`Rotation of ${name}: ${r.outcome || r.step}`}</LiveRegion>
        {r.stuck && (
          <Alert type="error" header={`STUCK: ${r.stuck.reason}`}>
            <div>{r.stuck.detail}</div>
            <div>
              <strong>Way out:</strong> {wayOut(r.stuck.reason)}
            </div>
            <div>{r.stuck.proven ? 'The last good certificate was seen on the wire: clients go on.' : r.stuck.way_back || 'It is not proven what is served.'}</div>
            <div>
              Since <When at={r.stuck.since} />
            </div>
          </Alert>
        )}
        <Steps steps={stepsOf(r)} ariaLabel={`Steps of the rotation of ${name}`} />
        <KeyValuePairs
          columns={4}
          minColumnWidth={150}
          items={[
            { label: 'Begun', value: <When at={r.started_at} /> },
            open ? { label: 'Next try', value: <When at={r.next_try} /> } : { label: 'Ended', value: <When at={r.ended_at} /> },
            { label: 'Failed tries', value: String(r.attempts) },
            { label: 'By', value: r.by || 'dbtls itself' },
            { label: 'New serial', value: r.serial || '–' },
            { label: 'New certificate until', value: <When at={r.not_after} show="day" /> },
            { label: 'Old CA covered until', value: r.bridge_until ? <When at={r.bridge_until} show="day" /> : 'no overlap' },
            ...(r.trial_until ? [{ label: 'On trial until', value: <When at={r.trial_until} /> }] : []),
          ]}
        />
      </SpaceBetween>
    </Container>
  );
}
