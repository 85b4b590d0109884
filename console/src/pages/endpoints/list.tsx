import SpaceBetween from '@cloudscape-design/components/space-between';
import { useLocation } from 'wouter';
import { useApp } from '../../app/context';
import { useLive } from '../../api/live';
import { endpoints, type Endpoint } from '../../api/migration';
import { get } from '../../api/native';
import type { ConnectionTest } from '../../api/types';
import { ActButton } from '../../parts/act_button';
import { Link } from '../../parts/link';
import { Problem } from '../../parts/problem';
import { Rows } from '../../parts/rows';
import { TestStatus } from './status';

async function load(): Promise<{ endpoints: Endpoint[]; last: Map<string, ConnectionTest> }> {
  const [all, tests] = await Promise.all([endpoints(), get<ConnectionTest[]>('connections')]);
  const last = new Map<string, ConnectionTest>();
  for (const t of tests) {
    const other = last.get(t.endpoint);
    if (!other || other.begun_at < t.begun_at) last.set(t.endpoint, t);
  }
  return { endpoints: all, last };
}

/** The databases of migrations, and how the last test of each ended. */
export default function Endpoints() {
  const { region } = useApp();
  const [, navigate] = useLocation();
  const { data, error, reload } = useLive(load, [region]);
  return (
    <SpaceBetween size="m">
      <Problem error={error} what="The endpoints could not be listed" onRetry={reload} />
      <Rows
        title="Endpoints"
        level="h1"
        about="Databases as migrations reach them: where, as whom, and how much of TLS is verified."
        rows={data?.endpoints}
        id={e => e.EndpointIdentifier}
        text={e => `${e.EndpointIdentifier} ${e.EngineDisplayName} ${e.EngineName} ${e.ServerName} ${e.SslMode} ${e.EndpointType}`}
        empty="There is no endpoint. Create one for a database and test whether its TLS can be verified."
        actions={
          <ActButton variant="primary" onClick={() => navigate('/endpoints/create')}>
            Create endpoint
          </ActButton>
        }
        columns={[
          { id: 'name', header: 'Name', head: true, width: 150, by: e => e.EndpointIdentifier, cell: e => <Link to={`/endpoints/${encodeURIComponent(e.EndpointIdentifier)}`}>{e.EndpointIdentifier}</Link> },
          { id: 'test', header: 'Last test', width: 170, by: e => data?.last.get(e.EndpointIdentifier)?.status ?? '', cell: e => <TestStatus test={data?.last.get(e.EndpointIdentifier)} /> },
          { id: 'mode', header: 'SSL mode', width: 110, by: e => e.SslMode, cell: e => e.SslMode },
          { id: 'type', header: 'Type', by: e => e.EndpointType, cell: e => e.EndpointType.toLowerCase() },
          { id: 'engine', header: 'Engine', by: e => e.EngineDisplayName, cell: e => e.EngineDisplayName },
          { id: 'server', header: 'Server', width: 160, by: e => e.ServerName, cell: e => `${e.ServerName}:${e.Port}` },
        ]}
      />
    </SpaceBetween>
  );
}
