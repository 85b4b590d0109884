import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Spinner from '@cloudscape-design/components/spinner';
import { useState } from 'react';
import { useLocation, useParams } from 'wouter';
import { useApp } from '../../app/context';
import { dms } from '../../api/dms';
import { useLive } from '../../api/live';
import { certificates, endpoints, replicationInstances, type Certificate, type Endpoint, type ReplicationInstance } from '../../api/migration';
import { ActButton } from '../../parts/act_button';
import { Command, word } from '../../parts/command';
import { Confirm } from '../../parts/confirm';
import { Link } from '../../parts/link';
import { NotFound } from '../../parts/not_found';
import { Problem } from '../../parts/problem';
import { Connections } from './connections';
import { Schemas } from './schemas';

async function load(name: string): Promise<{ endpoint?: Endpoint; certificate?: Certificate; workers: ReplicationInstance[] }> {
  const [all, imported, workers] = await Promise.all([endpoints(), certificates(), replicationInstances()]);
  const endpoint = all.find(e => e.EndpointIdentifier.toLowerCase() === name.toLowerCase());
  return { endpoint, certificate: imported.find(c => c.CertificateArn === endpoint?.CertificateArn), workers };
}

/** One endpoint: whether it connects comes first. */
export default function EndpointPage() {
  const name = decodeURIComponent(useParams<{ name: string }>().name);
  const { region, say } = useApp();
  const [, navigate] = useLocation();
  const [deleting, setDeleting] = useState(false);
  const { data, error, loading, reload } = useLive(() => load(name), [name, region]);
  if (data && !data.endpoint) return <NotFound what={`There is no endpoint ${name} in ${region}.`} />;
  const e = data?.endpoint;
  return (
    <SpaceBetween size="l">
      <Header
        variant="h1"
        actions={
          e && (
            <SpaceBetween direction="horizontal" size="xs">
              <ActButton onClick={() => setDeleting(true)}>Delete</ActButton>
              <ActButton onClick={() => navigate(`/endpoints/${encodeURIComponent(e.EndpointIdentifier)}/edit`)}>Modify</ActButton>
            </SpaceBetween>
          )
        }
      >
        {name}
      </Header>
      <Problem error={error} what="The endpoint could not be read" onRetry={reload} />
      {loading && !data && <Spinner size="large" />}
      {e && (
        <>
          <Connections endpoint={e} workers={data.workers} onChanged={reload} />
          <Container header={<Header variant="h2">Settings</Header>}>
            <KeyValuePairs
              columns={3}
              items={[
                { label: 'Type', value: e.EndpointType.toLowerCase() },
                { label: 'Engine', value: `${e.EngineDisplayName} (${e.EngineName})` },
                { label: 'Server', value: `${e.ServerName}:${e.Port}` },
                { label: 'SSL mode', value: e.SslMode },
                { label: 'CA certificate', value: data.certificate ? <Link to={`/certificates?show=${encodeURIComponent(data.certificate.CertificateIdentifier)}`}>{data.certificate.CertificateIdentifier}</Link> : 'none' },
                { label: 'User', value: e.Username || '–' },
                { label: 'Database', value: e.DatabaseName || '–' },
                { label: 'Extra connection attributes', value: e.ExtraConnectionAttributes || '–' },
                { label: 'ARN', value: e.EndpointArn },
              ]}
            />
          </Container>
          <Schemas endpoint={e} workers={data.workers} />
          <Command text={`aws dms describe-endpoints --filters Name=endpoint-id,Values=${word(e.EndpointIdentifier)} --region ${region}`} />
        </>
      )}
      {!e && !loading && error && <Button onClick={() => navigate('/endpoints')}>All endpoints</Button>}
      {deleting && e && (
        <Confirm
          title={`Delete ${name}`}
          action="Delete"
          name={e.EndpointIdentifier}
          command={`aws dms delete-endpoint --endpoint-arn ${word(e.EndpointArn)} --region ${region}`}
          onDo={() => dms('DeleteEndpoint', { EndpointArn: e.EndpointArn })}
          onClose={done => {
            setDeleting(false);
            if (!done) return;
            say('success', `The endpoint ${name} is deleted.`);
            navigate('/endpoints');
          }}
        >
          The endpoint {e.EndpointIdentifier} is deleted, with the tests of its connection. The database itself is not touched.
        </Confirm>
      )}
    </SpaceBetween>
  );
}
