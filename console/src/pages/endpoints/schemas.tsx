import Box from '@cloudscape-design/components/box';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import TokenGroup from '@cloudscape-design/components/token-group';
import { useApp } from '../../app/context';
import { dms } from '../../api/dms';
import { ApiError } from '../../api/http';
import { useLive } from '../../api/live';
import { iso, type Endpoint, type ReplicationInstance } from '../../api/migration';
import { ActButton } from '../../parts/act_button';
import { Command, word } from '../../parts/command';
import { Problem } from '../../parts/problem';
import { useAct } from '../../parts/use_act';
import { When } from '../../parts/when';

interface Refresh {
  Status: 'refreshing' | 'successful' | 'failed';
  LastRefreshDate?: number;
  LastFailureMessage?: string;
}

/** The last refresh and what was found; null where nobody has asked yet. */
async function load(arn: string): Promise<{ refresh: Refresh; schemas: string[] } | null> {
  const missing = (e: unknown) => {
    if (e instanceof ApiError && (e.code.startsWith('ResourceNotFound') || e.code.startsWith('InvalidResourceState'))) return null;
    throw e;
  };
  const answer = await dms<{ RefreshSchemasStatus: Refresh }>('DescribeRefreshSchemasStatus', { EndpointArn: arn }).catch(missing);
  if (!answer) return null;
  const found = await dms<{ Schemas: string[] }>('DescribeSchemas', { EndpointArn: arn }).catch(missing);
  return { refresh: answer.RefreshSchemasStatus, schemas: found?.Schemas ?? [] };
}

/** What the endpoint's user sees in the database. */
export function Schemas({ endpoint, workers }: { endpoint: Endpoint; workers: ReplicationInstance[] }) {
  const { region } = useApp();
  const act = useAct();
  const worker = workers[0];
  const { data, error, reload } = useLive(() => load(endpoint.EndpointArn), [endpoint.EndpointArn]);
  const busy = act.busy || data?.refresh.Status === 'refreshing';
  const refresh = () =>
    act.run(async () => {
      await dms('RefreshSchemas', { EndpointArn: endpoint.EndpointArn, ReplicationInstanceArn: worker!.ReplicationInstanceArn });
      reload();
    });
  return (
    <Container
      header={
        <Header
          variant="h2"
          actions={
            <ActButton loading={busy} unless={worker ? '' : 'Create a replication instance first.'} onClick={refresh}>
              Refresh schemas
            </ActButton>
          }
        >
          Schemas
        </Header>
      }
    >
      <SpaceBetween size="s">
        <Problem error={act.error ?? error} what="The schemas could not be read" />
        {data === null && <Box color="text-body-secondary">Not read yet. Test the connection, then refresh the schemas.</Box>}
        {data && (
          <>
            <div aria-live="polite">
              {data.refresh.Status === 'refreshing' && <StatusIndicator type="in-progress">Being read</StatusIndicator>}
              {data.refresh.Status === 'successful' && (
                <StatusIndicator type="success">
                  Read <When at={data.refresh.LastRefreshDate ? iso(data.refresh.LastRefreshDate) : undefined} />
                </StatusIndicator>
              )}
              {data.refresh.Status === 'failed' && <StatusIndicator type="error">{data.refresh.LastFailureMessage ?? 'The refresh failed.'}</StatusIndicator>}
            </div>
            {data.schemas.length > 0 && <TokenGroup readOnly limit={40} items={data.schemas.map(label => ({ label }))} />}
            {data.schemas.length === 0 && data.refresh.Status === 'successful' && 'The user sees no schema.'}
          </>
        )}
        {worker && <Command text={`aws dms refresh-schemas --endpoint-arn ${word(endpoint.EndpointArn)} --replication-instance-arn ${word(worker.ReplicationInstanceArn)} --region ${region}`} />}
      </SpaceBetween>
    </Container>
  );
}
