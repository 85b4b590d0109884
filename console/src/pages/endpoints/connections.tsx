import Container from '@cloudscape-design/components/container';
import FormField from '@cloudscape-design/components/form-field';
import Header from '@cloudscape-design/components/header';
import Select from '@cloudscape-design/components/select';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import { useState } from 'react';
import { useApp } from '../../app/context';
import { dms } from '../../api/dms';
import { useLive } from '../../api/live';
import type { Endpoint, ReplicationInstance } from '../../api/migration';
import { get } from '../../api/native';
import type { ConnectionTest } from '../../api/types';
import { ActButton } from '../../parts/act_button';
import { Command, word } from '../../parts/command';
import { Problem } from '../../parts/problem';
import { useAct } from '../../parts/use_act';
import { When } from '../../parts/when';
import { CreateWorker } from './create_worker';
import { Outcome } from './outcome';
import { Stages } from './stages';

interface Props {
  endpoint: Endpoint;
  workers: ReplicationInstance[];
  onChanged: () => void;
}

/** The last test by the chosen replication instance, or none. */
async function lastTest(worker: string, endpoint: string): Promise<ConnectionTest | null> {
  if (!worker) return null;
  const all = await get<ConnectionTest[]>('connections'); // one that is not there is no fault here
  if (!all.some(t => t.instance === worker && t.endpoint === endpoint)) return null;
  return get<ConnectionTest>(`connections/${encodeURIComponent(worker)}/${encodeURIComponent(endpoint)}`);
}

/** Tests the connection, and shows how far it came. */
export function Connections({ endpoint, workers, onChanged }: Props) {
  const { region } = useApp();
  const [picked, pick] = useState('');
  const [creating, setCreating] = useState(false);
  const [watching, watch] = useState(false); // a test was begun here
  const act = useAct();
  const worker = workers.find(w => w.ReplicationInstanceIdentifier === picked) ?? workers[0];
  const name = worker?.ReplicationInstanceIdentifier ?? '';
  const { data: test, error, reload } = useLive(() => lastTest(name, endpoint.EndpointIdentifier), [name, endpoint.EndpointIdentifier, region]);
  const testing = test?.status === 'testing';
  const begin = () =>
    act.run(async () => {
      watch(true);
      await dms('TestConnection', { ReplicationInstanceArn: worker!.ReplicationInstanceArn, EndpointArn: endpoint.EndpointArn });
      reload();
    });
  return (
    <Container
      header={
        <Header
          variant="h2"
          description={worker ? `Made by the replication instance ${name}, as a migration would.` : 'A replication instance makes it.'}
          actions={
            worker ? (
              <ActButton variant="primary" loading={act.busy || testing} loadingText="The connection is being tested" onClick={begin}>
                Test connection
              </ActButton>
            ) : (
              <ActButton variant="primary" onClick={() => setCreating(true)}>
                Create replication instance
              </ActButton>
            )
          }
        >
          Connection
        </Header>
      }
    >
      <SpaceBetween size="m">
        <Problem error={act.error} what="The test did not begin" />
        <Problem error={error} what="The test could not be read" onRetry={reload} />
        {workers.length > 1 && (
          <FormField label="Replication instance">
            <Select
              selectedOption={{ value: name, label: name }}
              options={workers.map(w => ({ value: w.ReplicationInstanceIdentifier, label: w.ReplicationInstanceIdentifier, description: w.ReplicationInstanceClass }))}
              onChange={e => pick(e.detail.selectedOption.value ?? '')}
            />
          </FormField>
        )}
        {!worker && <StatusIndicator type="pending">There is no replication instance in {region}. Create one: it is a worker of this server and costs nothing.</StatusIndicator>}
        {worker && test === null && <StatusIndicator type="pending">Not tested yet. Test the connection to see how far it comes.</StatusIndicator>}
        {test && (
          <>
            <div aria-live="polite">
              {testing && <StatusIndicator type="in-progress">Testing</StatusIndicator>}
              {test.status === 'successful' && <StatusIndicator type="success">Connected</StatusIndicator>}
              {test.status === 'failed' && <StatusIndicator type="error">{`Failed: ${test.outcome.code ?? ''}`}</StatusIndicator>}{' '}
              <When at={test.ended_at ?? test.begun_at} />
              {test.stale && ' · of settings that the endpoint had before: test again'}
            </div>
            <Stages key={test.begun_at} test={test} mode={endpoint.SslMode} light={watching} />
            {!testing && <Outcome test={test} endpoint={endpoint} onChanged={onChanged} />}
          </>
        )}
        {worker && (
          <Command
            text={
              `aws dms test-connection --replication-instance-arn ${word(worker.ReplicationInstanceArn)} --endpoint-arn ${word(endpoint.EndpointArn)} --region ${region}\n` +
              `aws dms describe-connections --filters Name=endpoint-arn,Values=${word(endpoint.EndpointArn)} --region ${region}`
            }
          />
        )}
      </SpaceBetween>
      {creating && (
        <CreateWorker
          onClose={made => {
            setCreating(false);
            if (made) onChanged();
          }}
        />
      )}
    </Container>
  );
}
