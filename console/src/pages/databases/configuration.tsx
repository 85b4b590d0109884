import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import { useState } from 'react';
import { useApp } from '../../app/context';
import { ActButton } from '../../parts/act_button';
import { Command, word } from '../../parts/command';
import { Link } from '../../parts/link';
import { Problem } from '../../parts/problem';
import { Rows } from '../../parts/rows';
import { useLoad } from '../../parts/use_load';
import { When } from '../../parts/when';
import { AttachGroup } from './attach_group';
import { tlsParameters } from './groups';
import type { Instance } from './instance';

/** Its parameter group and how far it has taken effect; what of it has to do with TLS; what it is. */
export function Configuration({ instance: i, onDone }: { instance: Instance; onDone: () => void }) {
  const { region } = useApp();
  const [attaching, attach] = useState(false);
  const { data, error, reload } = useLoad(() => tlsParameters(i.group), [i.group, i.groupStatus, region]);
  const group = `/parameter-groups/pg/${encodeURIComponent(i.group)}`;
  return (
    <SpaceBetween size="l">
      <Container
        header={
          <Header
            variant="h2"
            actions={
              <ActButton onClick={() => attach(true)} unless={i.status === 'available' || i.status === 'stopped' ? undefined : `It is ${i.status}.`}>
                Attach another group
              </ActButton>
            }
          >
            Parameter group
          </Header>
        }
      >
        <KeyValuePairs
          columns={3}
          minColumnWidth={160}
          items={[
            { label: 'Parameter group', value: <Link to={group}>{i.group}</Link> },
            { label: 'Apply status', value: <ApplyStatus status={i.groupStatus} /> },
            { label: 'Force TLS', value: <Link to={group}>in the parameter group, with a report first</Link> },
          ]}
        />
      </Container>
      <Problem error={error} what="The parameters could not be read" onRetry={reload} />
      <Rows
        title="TLS parameters in the group"
        about={i.groupStatus === 'in-sync' ? 'They are in force.' : 'Not all of them are in force yet.'}
        rows={data}
        id={p => p.name}
        text={p => `${p.name} ${p.value} ${p.description}`}
        page={10}
        columns={[
          { id: 'name', header: 'Parameter', cell: p => p.name, by: p => p.name, head: true, width: 160 },
          { id: 'value', header: 'Value', cell: p => p.value || '(the engine’s own)', by: p => p.value, width: 120 },
          { id: 'source', header: 'Set by', cell: p => p.source, by: p => p.source },
          { id: 'type', header: 'Takes effect', cell: p => (p.applyType === 'static' ? 'after a reboot' : 'at once'), by: p => p.applyType },
          { id: 'about', header: 'What it does', cell: p => p.description, width: 220 },
        ]}
        empty="This engine has no parameter that has to do with TLS."
      />
      <Container header={<Header variant="h2">Instance</Header>}>
        <KeyValuePairs
          columns={4}
          minColumnWidth={150}
          items={[
            { label: 'Engine', value: `${i.engine} ${i.version}` },
            { label: 'Class', value: i.class },
            { label: 'Created', value: <When at={i.created} show="day" /> },
            { label: 'Resource ID', value: i.resourceId },
            { label: 'Master username', value: i.masterUser || '–' },
            { label: 'Database name', value: i.database || '–' },
            { label: 'Storage', value: `${i.storage} GiB` },
            { label: 'Maintenance window', value: i.window },
            { label: 'Deletion protection', value: i.protected ? 'on' : 'off' },
            { label: 'Cluster', value: i.cluster || 'none' },
            { label: 'ARN', value: i.arn },
          ]}
        />
      </Container>
      <Command text={`aws rds describe-db-parameters --db-parameter-group-name ${word(i.group)} --region ${region}`} />
      {attaching && (
        <AttachGroup
          instance={i}
          onClose={done => {
            attach(false);
            if (done) onDone();
          }}
        />
      )}
    </SpaceBetween>
  );
}

function ApplyStatus({ status }: { status: string }) {
  if (status === 'in-sync') return <StatusIndicator type="success">in-sync</StatusIndicator>;
  if (status === 'pending-reboot') return <StatusIndicator type="warning">pending-reboot: reboot it for static parameters</StatusIndicator>;
  return <StatusIndicator type="in-progress">{status || 'applying'}</StatusIndicator>;
}
