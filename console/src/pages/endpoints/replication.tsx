import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import { useState } from 'react';
import { useApp } from '../../app/context';
import { dms } from '../../api/dms';
import { useLive } from '../../api/live';
import { iso, replicationInstances } from '../../api/migration';
import { ActButton } from '../../parts/act_button';
import { word } from '../../parts/command';
import { Confirm } from '../../parts/confirm';
import { Problem } from '../../parts/problem';
import { Rows } from '../../parts/rows';
import { When } from '../../parts/when';
import { CreateWorker } from './create_worker';

/** The workers that test connections. */
export default function ReplicationInstances() {
  const { region, say } = useApp();
  const { data, error, reload } = useLive(replicationInstances, [region]);
  const [chosen, choose] = useState<string>();
  const [asking, ask] = useState<'create' | 'delete'>();
  const current = data?.find(i => i.ReplicationInstanceArn === chosen);
  return (
    <SpaceBetween size="m">
      <Problem error={error} what="The replication instances could not be listed" onRetry={reload} />
      <Rows
        title="Replication instances"
        level="h1"
        about="Workers of this server: they test the connections of endpoints and read their schemas."
        rows={data}
        id={i => i.ReplicationInstanceArn}
        text={i => `${i.ReplicationInstanceIdentifier} ${i.ReplicationInstanceClass}`}
        chosen={current}
        onChoose={i => choose(i?.ReplicationInstanceArn)}
        empty="There is none. Create one to test the connection of an endpoint."
        actions={
          <SpaceBetween direction="horizontal" size="xs">
            <ActButton unless={current ? '' : 'Choose a replication instance first.'} onClick={() => ask('delete')}>
              Delete
            </ActButton>
            <ActButton variant="primary" onClick={() => ask('create')}>
              Create replication instance
            </ActButton>
          </SpaceBetween>
        }
        columns={[
          { id: 'name', header: 'Name', head: true, by: i => i.ReplicationInstanceIdentifier, cell: i => i.ReplicationInstanceIdentifier },
          { id: 'status', header: 'Status', cell: i => <StatusIndicator type={i.ReplicationInstanceStatus === 'available' ? 'success' : 'in-progress'}>{i.ReplicationInstanceStatus}</StatusIndicator> },
          { id: 'class', header: 'Class', by: i => i.ReplicationInstanceClass, cell: i => i.ReplicationInstanceClass },
          { id: 'made', header: 'Created', width: 160, by: i => i.InstanceCreateTime, cell: i => <When at={iso(i.InstanceCreateTime)} /> },
        ]}
      />
      {asking === 'create' && (
        <CreateWorker
          onClose={made => {
            ask(undefined);
            if (!made) return;
            say('success', `The replication instance ${made} is there.`);
            reload();
          }}
        />
      )}
      {asking === 'delete' && current && (
        <Confirm
          title={`Delete ${current.ReplicationInstanceIdentifier}`}
          action="Delete"
          command={`aws dms delete-replication-instance --replication-instance-arn ${word(current.ReplicationInstanceArn)} --region ${region}`}
          onDo={() => dms('DeleteReplicationInstance', { ReplicationInstanceArn: current.ReplicationInstanceArn })}
          onClose={done => {
            ask(undefined);
            if (!done) return;
            say('success', `The replication instance ${current.ReplicationInstanceIdentifier} is deleted.`);
            reload();
          }}
        >
          The replication instance {current.ReplicationInstanceIdentifier} is deleted, with the connection tests that it made.
        </Confirm>
      )}
    </SpaceBetween>
  );
}
