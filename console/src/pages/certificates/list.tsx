import Badge from '@cloudscape-design/components/badge';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import { useState } from 'react';
import { useLocation, useSearch } from 'wouter';
import { useApp } from '../../app/context';
import { dms } from '../../api/dms';
import { useLive } from '../../api/live';
import { certificates, endpoints, iso, type Certificate, type Endpoint } from '../../api/migration';
import { ActButton } from '../../parts/act_button';
import { word } from '../../parts/command';
import { Confirm } from '../../parts/confirm';
import { Link } from '../../parts/link';
import { Problem } from '../../parts/problem';
import { Rows } from '../../parts/rows';
import { When } from '../../parts/when';
import { ImportCertificate } from './import';
import { Inside } from './inside';
import { Tags } from './tags';

interface Data {
  certificates: Certificate[];
  uses: Map<string, Endpoint[]>;
}

async function load(): Promise<Data> {
  const [imported, all] = await Promise.all([certificates(), endpoints()]);
  const uses = new Map<string, Endpoint[]>();
  for (const e of all) if (e.CertificateArn) uses.set(e.CertificateArn, [...(uses.get(e.CertificateArn) ?? []), e]);
  return { certificates: imported.sort((a, b) => a.ValidToDate - b.ValidToDate), uses };
}

/** What endpoints of migrations trust. ?show=NAME opens one. */
export default function Certificates() {
  const { region, say } = useApp();
  const [, navigate] = useLocation();
  const showing = new URLSearchParams(useSearch()).get('show');
  const { data, error, reload } = useLive(load, [region]);
  const [chosen, choose] = useState<string>(); // an ARN
  const [asking, ask] = useState<'import' | 'tags' | 'delete'>();
  const current = data?.certificates.find(c => c.CertificateArn === chosen);
  const shown = data?.certificates.find(c => c.CertificateIdentifier === showing);
  const users = (current && data?.uses.get(current.CertificateArn)) ?? [];
  const first = current ? '' : 'Choose a certificate first.';
  const close = (done: boolean) => {
    ask(undefined);
    if (done) reload();
  };
  return (
    <SpaceBetween size="m">
      <Problem error={error} what="The certificates could not be listed" onRetry={reload} />
      <Rows
        title="Certificates"
        level="h1"
        about="CA certificates and Oracle wallets that endpoints verify servers with."
        rows={data?.certificates}
        id={c => c.CertificateArn}
        text={c => `${c.CertificateIdentifier} ${(data?.uses.get(c.CertificateArn) ?? []).map(e => e.EndpointIdentifier).join(' ')}`}
        chosen={current}
        onChoose={c => choose(c?.CertificateArn)}
        empty="Nothing is imported. Import the CA certificate of a server, and endpoints can verify it."
        actions={
          <SpaceBetween direction="horizontal" size="xs">
            <ActButton unless={first} onClick={() => ask('tags')}>
              Tags
            </ActButton>
            <ActButton
              unless={first || (users.length > 0 ? `Used by the endpoint ${users.map(e => e.EndpointIdentifier).join(', ')}. Give that another certificate first.` : '')}
              onClick={() => ask('delete')}
            >
              Delete
            </ActButton>
            <ActButton variant="primary" onClick={() => ask('import')}>
              Import certificate
            </ActButton>
          </SpaceBetween>
        }
        columns={[
          {
            id: 'name',
            header: 'Name',
            head: true,
            width: 160,
            by: c => c.CertificateIdentifier,
            cell: c => <Link to={`/certificates?show=${encodeURIComponent(c.CertificateIdentifier)}`}>{c.CertificateIdentifier}</Link>,
          },
          { id: 'kind', header: 'Kind', by: c => (c.CertificatePem ? 'PEM' : 'wallet'), cell: c => <Badge>{c.CertificatePem ? 'PEM' : 'Oracle wallet'}</Badge> },
          { id: 'expires', header: 'Expires', width: 180, by: c => c.ValidToDate, cell: c => <Expiry at={iso(c.ValidToDate)} /> },
          { id: 'key', header: 'Key', cell: c => `${c.KeyLength} bits, ${c.SigningAlgorithm}` },
          {
            id: 'uses',
            header: 'Used by',
            width: 160,
            by: c => data?.uses.get(c.CertificateArn)?.length ?? 0,
            cell: c => <Uses endpoints={data?.uses.get(c.CertificateArn) ?? []} />,
          },
        ]}
      />
      {asking === 'import' && (
        <ImportCertificate
          onClose={made => {
            close(made !== undefined);
            if (made) say('success', `The certificate ${made.CertificateIdentifier} is imported. Endpoints can verify servers with it.`);
          }}
        />
      )}
      {asking === 'tags' && current && <Tags name={current.CertificateIdentifier} arn={current.CertificateArn} onClose={close} />}
      {asking === 'delete' && current && (
        <Confirm
          title={`Delete ${current.CertificateIdentifier}`}
          action="Delete"
          command={`aws dms delete-certificate --certificate-arn ${word(current.CertificateArn)} --region ${region}`}
          onDo={() => dms('DeleteCertificate', { CertificateArn: current.CertificateArn })}
          onClose={done => {
            close(done);
            if (done) say('success', `The certificate ${current.CertificateIdentifier} is deleted.`);
          }}
        >
          The certificate {current.CertificateIdentifier} is deleted. No endpoint uses it.
        </Confirm>
      )}
      {shown && <Inside certificate={shown} users={data?.uses.get(shown.CertificateArn) ?? []} onClose={() => navigate('/certificates')} />}
    </SpaceBetween>
  );
}

function Expiry({ at }: { at: string }) {
  const days = (Date.parse(at) - Date.now()) / 86_400_000;
  const type = days < 0 ? 'error' : days < 30 ? 'warning' : 'success';
  return (
    <StatusIndicator type={type}>
      {days < 0 ? 'expired ' : ''}
      <When at={at} show="day" />
    </StatusIndicator>
  );
}

export function Uses({ endpoints: all }: { endpoints: Endpoint[] }) {
  if (all.length === 0) return <>no endpoint</>;
  return (
    <>
      {all.map((e, n) => (
        <span key={e.EndpointArn}>
          {n > 0 && ', '}
          <Link to={`/endpoints/${encodeURIComponent(e.EndpointIdentifier)}`}>{e.EndpointIdentifier}</Link>
        </span>
      ))}
    </>
  );
}
